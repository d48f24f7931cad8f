import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Diagnostic } from '@lateen/base';
import type {
  ConfigDetail,
  ConfigList,
  HistoryAnswer,
  PreviewAnswer,
  RestoreAnswer,
  ValidateAnswer,
} from '../contract/config.ts';
import type { ExplainAnswer } from '../contract/explain.ts';
import type { Problem } from '../contract/problem.ts';
import type { KindSchema } from '../contract/schema.ts';
import { type RunningEyes, runningEyes } from '../testing/running-eyes.ts';
import { sampleObjects } from '../testing/sample-mesh.ts';

const sample = (name: string): string =>
  readFileSync(
    new URL(`../../../../samples/bookinfo/networking/${name}.yaml`, import.meta.url),
    'utf8',
  );

let server: RunningEyes;
before(async () => {
  server = await runningEyes(sampleObjects.filter(({ kind }) => kind !== 'VirtualService'));
});
after(() => server.close());

const post = async <T>(path: string, body: unknown): Promise<T> => {
  const answer = await server.call('POST', path, { body });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

/** Waits until the eyes have seen a change. */
const seen = async (change: () => Promise<unknown>): Promise<void> => {
  const stop = new AbortController();
  const happened = once(stop.signal, 'abort');
  const remove = server.eyes.objects.onChange(() => stop.abort());
  await change();
  await happened;
  remove();
};

const brief = ({ severity, code, position }: Diagnostic): string =>
  `${severity} ${code} ${position?.line}:${position?.column}`;

test('the manifests of the tutorials are valid', async () => {
  for (const name of [
    'destination-rule-all',
    'virtual-service-all-v1',
    'bookinfo-gateway',
    'virtual-service-reviews-test-v2',
    'virtual-service-ratings-test-delay',
  ]) {
    const answer = await post<ValidateAnswer>('config/validate', { yaml: sample(name) });
    assert.equal(answer.valid, true, `${name}: ${JSON.stringify(answer.diagnostics)}`);
    assert.ok(answer.objects.length > 0);
  }
});

const bad: readonly (readonly [what: string, yaml: string, found: readonly string[]])[] = [
  ['not YAML', 'a: [1', ['error YamlInvalid 1:6']],
  ['no object', 'kind: VirtualService\n', ['error ObjectInvalid 1:1']],
  [
    'a field that is not there, a weight that is no number, a host nobody has',
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
  - rote: []
  - route:
    - destination: { host: nobody }
      weight: many
`,
    ['error FieldUnknown 7:5', 'error FieldValueTypeInvalid 10:15'],
  ],
];
for (const [what, yaml, found] of bad) {
  test(`findings have line and column: ${what}`, async () => {
    const answer = await post<ValidateAnswer>('config/validate', { yaml });
    assert.equal(answer.valid, false);
    for (const one of found) {
      assert.ok(
        answer.diagnostics.map(brief).includes(one),
        answer.diagnostics.map(brief).join('; '),
      );
    }
  });
}

test('analyzers look at the text as part of the mesh', async () => {
  const yaml = sample('virtual-service-reviews-50-v3');
  const alone = await post<ValidateAnswer>('config/validate', { yaml });
  assert.deepEqual(
    [alone.valid, ...new Set(alone.diagnostics.map(({ code }) => code))],
    [true, 'IST0101'],
  );
  const together = await post<ValidateAnswer>('config/validate', {
    yaml: `${sample('destination-rule-reviews')}\n---\n${yaml}`,
  });
  assert.deepEqual(together.diagnostics, []);
});

test('a preview names the routes that change, and whose', async () => {
  const yaml = `${sample('destination-rule-reviews')}\n---\n${sample('virtual-service-reviews-50-v3')}`;
  const preview = await post<PreviewAnswer>('config/preview', { yaml });
  assert.deepEqual(preview.counts, { routes: 1, clusters: 4, listeners: 0 });
  const [route] = preview.changes;
  assert.equal(route?.name, 'reviews.default.svc.cluster.local:9080');
  assert.ok(route.proxies.includes('default/productpage-v1'));
  const targets = (views: PreviewAnswer['changes'][number]['before']): readonly string[] =>
    views.flatMap((view) => view.targets.map(({ subset, percent }) => `${subset}=${percent}`));
  assert.deepEqual(targets(route.before), ['=100']);
  assert.deepEqual(targets(route.after), ['v1=50', 'v3=50']);
  const cluster = preview.changes.find(
    ({ name }) => name === 'outbound|9080||reviews.default.svc.cluster.local',
  );
  assert.deepEqual(
    cluster?.fields
      .map(({ path, after: now }) => `${path} ${now}`)
      .filter((one) => one.startsWith('lb_policy')),
    ['lb_policy "RANDOM"'],
  );
  assert.equal((await post<PreviewAnswer>('config/preview', { yaml: '' })).changes.length, 0);
});

test('saved, seen in history, changed, restored, deleted', async () => {
  const path = 'config/DestinationRule/default/reviews';
  const yaml = sample('destination-rule-reviews').split('\n---')[0] ?? '';
  let saved: ConfigDetail | undefined;
  await seen(async () => {
    const answer = await server.call('PUT', path, { body: { yaml } });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    saved = answer.body;
  });
  await seen(async () => {
    const body = {
      yaml: yaml.replace('RANDOM', 'ROUND_ROBIN'),
      resourceVersion: saved?.resourceVersion,
    };
    assert.equal((await server.call('PUT', path, { body })).status, 200);
  });
  const stale = await server.call('PUT', path, {
    body: { yaml, resourceVersion: saved?.resourceVersion },
  });
  assert.equal(stale.status, 409);
  const { entries } = (await server.call('GET', 'config/history?kind=dr')).body as HistoryAnswer;
  assert.deepEqual(
    entries.map(({ change }) => change),
    ['modified', 'added'],
  );
  assert.match(entries[0]?.before ?? '', /RANDOM/);
  assert.match(entries[0]?.after ?? '', /ROUND_ROBIN/);
  await seen(async () => {
    const restored = await post<RestoreAnswer>('config/restore', {
      id: entries[0]?.id,
      side: 'before',
    });
    assert.match(restored.object?.yaml ?? '', /RANDOM/);
  });
  const { objects } = (await server.call('GET', 'config?kind=DestinationRule')).body as ConfigList;
  assert.deepEqual(
    objects.map(({ name, summary }) => `${name}: ${summary}`),
    ['reviews: reviews (v1, v2, v3)'],
  );
  await seen(async () => {
    assert.equal((await server.call('DELETE', path)).status, 200);
  });
  assert.equal((await server.call('GET', path)).status, 404);
});

test('a bad edit is refused with its line, and nothing is saved', async () => {
  const yaml =
    'apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata:\n  name: bad\nspec:\n  hots: reviews\n';
  const { status, body } = await server.call('PUT', 'config/DestinationRule/default/bad', {
    body: { yaml },
  });
  assert.equal(status, 422);
  assert.ok((body as Problem).diagnostics.some(({ position }) => position?.line === 6));
  assert.equal((await server.call('GET', 'config/DestinationRule/default/bad')).status, 404);
  const other = await server.call('PUT', 'config/DestinationRule/default/other', {
    body: { yaml },
  });
  assert.equal(other.status, 422);
});

test('writes are refused to other sites and to readers, before anything is looked at', async () => {
  const path = 'config/DestinationRule/default/reviews';
  const body = { yaml: 'x' };
  const from = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await server.call('PUT', path, { body, headers })).status;
  assert.equal(await from({ origin: 'https://evil.example' }), 403);
  assert.equal(await from({ 'x-lateen-relayed': '1' }), 403);
  assert.equal((await server.call('GET', 'config')).status, 200);
});

test('explain: by the objects as they are, and as they would be', async () => {
  const request = {
    url: 'http://reviews:9080/',
    from: { kind: 'outbound', workload: 'productpage' },
  };
  const now = await post<ExplainAnswer>('explain', request);
  assert.equal(now.simulation?.cluster, 'outbound|9080||reviews.default.svc.cluster.local');
  assert.equal(now.path?.source, 'app:Kubernetes/default/productpage@v1');
  const yaml = `${sample('destination-rule-reviews')}\n---\n${sample('virtual-service-reviews-v3')}`;
  const then = await post<ExplainAnswer>('explain', { ...request, yaml });
  assert.equal(then.simulation?.cluster, 'outbound|9080|v3|reviews.default.svc.cluster.local');
  const lost = await post<ExplainAnswer>('explain', { ...request, url: 'http://nobody:80/' });
  assert.deepEqual([lost.simulation, lost.diagnostics[0]?.code], [null, 'HostUnknown']);
});

test('schemas come with values that make sense', async () => {
  const { body } = await server.call('GET', 'schema/vs');
  const { kind, values } = body as KindSchema;
  assert.equal(kind, 'VirtualService');
  assert.ok(values.hosts.includes('reviews.default.svc.cluster.local'));
  assert.ok(values.labels.includes('app=reviews'));
});

test('what cannot be understood is a problem with a reason, not a failure', async () => {
  const codes = async (method: string, path: string, body?: unknown): Promise<string> => {
    const answer = await server.call(method, path, body === undefined ? {} : { body });
    return `${answer.status} ${(answer.body as Problem).code}`;
  };
  assert.equal(await codes('GET', 'graph?window=soon'), '400 bad-request');
  assert.equal(await codes('GET', 'nothing'), '404 not-found');
  assert.equal(await codes('GET', 'config/validate'), '405 method-not-allowed');
  assert.equal(await codes('POST', 'config/validate', { yaml: 7 }), '400 bad-request');
  assert.equal(await codes('POST', 'config/validate', []), '400 bad-request');
  assert.equal(await codes('GET', 'metrics/query'), '400 bad-request');
  assert.equal(await codes('GET', 'metrics/query?metric=a&match=b'), '400 bad-request');
  assert.equal(await codes('GET', 'services/default/nobody'), '404 not-found');
  assert.equal(await codes('GET', 'config/Secret/default/x'), '404 not-found');
});

test('Prometheus API: queries by GET and by form, errors as Prometheus tells them', async () => {
  const ask = async (path: string, body?: string): Promise<string> => {
    const response = await fetch(`${server.url}/prometheus/${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    });
    return `${response.status} ${await response.text()}`;
  };
  const one = /^200 \{"status":"success","data":\{"resultType":"scalar","result":\[5,"2"\]\}\}$/;
  assert.match(await ask('api/v1/query?query=1%2B1&time=5'), one);
  assert.match(await ask('api/v1/query', 'query=1%2B1&time=5'), one);
  assert.match(await ask('api/v1/query?query=sum('), /^400 .*"errorType":"bad_data"/);
  assert.match(await ask('api/v1/query_range?query=1'), /^400 /);
  assert.match(await ask('api/v1/label/__name__/values'), /^200 .*"data":\[\]/);
  assert.match(await ask('-/ready'), /^200 /);
  assert.match(await ask('api/v1/nothing'), /^404 /);
});
