import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text as readText } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { type Answer, startTestServer, type TestServer } from '../testing/test-server.ts';
import { requestLabels } from './request-labels.ts';

let api: TestServer;
before(async () => {
  api = await startTestServer();
});
after(() => api.close());

const maps = '/api/v1/namespaces/default/configmaps';
const map = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
});

/** Value of the series of a family that has these labels; 0 when there is none. */
const read = (page: string, family: string, labels: Readonly<Record<string, string>>): number =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`${family}{`) || line.startsWith(`${family} `))
    .filter((line) =>
      Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`)),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

const page = async (): Promise<string> => {
  const answer = await api.ask('GET', '/metrics');
  assert.equal(answer.code, 200);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  return answer.text;
};

test('requests by verb, resource and outcome', async () => {
  const before = await page();
  const dry = `${maps}?dryRun=All`;
  for (const name of ['one', 'two']) await api.ask('POST', maps, map(name));
  await api.ask('POST', dry, map('three'));
  await api.ask('POST', maps, map('one'));
  await api.ask('GET', maps);
  await api.ask('GET', '/api/v1/configmaps');
  await api.ask('GET', `${maps}/absent`);
  await api.ask('PATCH', `${maps}/one`, { data: { a: 'b' } }, merge);
  await api.ask('PATCH', `${maps}/one?fieldManager=x&force=true`, map('one'), apply);
  await api.ask('DELETE', `${maps}/one`);
  await api.ask('GET', '/apis/made.up/v1/words');
  await api.ask('GET', '/apis/networking.istio.io/v1/virtualservices?watch=true&timeoutSeconds=1');
  await api.ask('GET', '/version');
  const after = await page();
  const grown = (labels: Record<string, string>): number =>
    read(after, 'apiserver_request_total', labels) -
    read(before, 'apiserver_request_total', labels);
  const resource = 'configmaps';
  const rows: readonly (readonly [Record<string, string>, number])[] = [
    [{ verb: 'POST', resource, code: '201', scope: 'resource', dry_run: '' }, 2],
    [{ verb: 'POST', resource, code: '201', dry_run: 'All' }, 1],
    [{ verb: 'POST', resource, code: '409' }, 1],
    [{ verb: 'LIST', resource, code: '200', scope: 'namespace' }, 1],
    [{ verb: 'LIST', resource, code: '200', scope: 'cluster' }, 1],
    [{ verb: 'GET', resource, code: '404', group: '', version: 'v1' }, 1],
    [{ verb: 'PATCH', resource, code: '200' }, 1],
    [{ verb: 'APPLY', resource, code: '200' }, 1],
    [{ verb: 'DELETE', resource, code: '200' }, 1],
    [{ verb: 'LIST', group: '', resource: '', code: '404' }, 1],
    [{ verb: 'WATCH', resource: 'virtualservices', group: 'networking.istio.io', code: '200' }, 1],
    [{ verb: 'GET', subresource: '/version', code: '200' }, 1],
  ];
  for (const [labels, count] of rows) assert.equal(grown(labels), count, JSON.stringify(labels));
  assert.ok(!after.includes('made.up'));
  const posts = { verb: 'POST', resource };
  const family = 'apiserver_request_duration_seconds';
  assert.equal(read(after, `${family}_count`, posts) - read(before, `${family}_count`, posts), 4);
  assert.equal(read(after, 'apiserver_storage_objects', { resource }), 1);
  assert.match(after, /^apiserver_storage_objects\{resource="customresourcedefinitions\.apiext/m);
  assert.ok(read(after, 'process_resident_memory_bytes', {}) > 1_000_000);
  // The request that reads is under way.
  assert.match(after, /^apiserver_current_inflight_requests\{request_kind="readOnly"\} 1$/m);
  assert.match(after, /^apiserver_current_inflight_requests\{request_kind="mutating"\} 0$/m);
});

const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };

/** With a token and no certificate. */
const asJo = async (method: string, path: string, body?: unknown): Promise<Answer> => {
  const { ca } = api.certificates;
  const headers = { authorization: 'Bearer jo-token', 'content-type': 'application/json' };
  const options = { method, headers, ca, agent: false };
  const request = httpsRequest(`${api.server.url}${path}`, options);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = await readText(response);
  const { statusCode: code = 0, headers: answered } = response;
  const isJson = answered['content-type'] === 'application/json';
  return { code, headers: answered, text, body: isJson ? JSON.parse(text) : undefined };
};

test('who may read them: nonResourceURLs', async () => {
  const review = async (path: string): Promise<unknown> => {
    const answer = await asJo('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      spec: { nonResourceAttributes: { path, verb: 'get' } },
    });
    return (answer.body as { status: { allowed: boolean } }).status.allowed;
  };
  const refused = await asJo('GET', '/metrics');
  assert.equal(refused.code, 403);
  const { message } = refused.body as { message: string };
  assert.equal(message, 'forbidden: User "jo" cannot get path "/metrics"');
  assert.equal(await review('/metrics'), false);
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await api.ask('POST', `${rbac}/clusterroles`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'scraper' },
    rules: [{ nonResourceURLs: ['/metrics', '/debug/*'], verbs: ['get'] }],
  });
  await api.ask('POST', `${rbac}/clusterrolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'scraper' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'scraper' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jo' }],
  });
  assert.equal((await asJo('GET', '/metrics')).code, 200);
  assert.equal((await asJo('POST', '/metrics')).code, 403);
  for (const [path, allowed] of [
    ...[['/metrics', true] as const, ['/debug/pprof', true] as const],
    ...[['/metrics/more', false] as const, ['/healthz', true] as const],
  ])
    assert.equal(await review(path), allowed, path);
});

test('streams', () => {
  const pod = (subresource: string, follow = 'false') =>
    requestLabels({
      method: 'GET',
      path: '',
      query: new URLSearchParams({ follow }),
      mediaType: '',
      isServed: true,
      target: {
        ...{ group: '', version: 'v1', plural: 'pods', namespace: 'default', name: 'a' },
        ...{ subresource, rest: '' },
      },
    });
  const told = (subresource: string, follow?: string): string => {
    const { labels, isLongRunning, isMutating } = pod(subresource, follow);
    return `${labels['verb']} ${labels['subresource']} ${isLongRunning} ${isMutating}`;
  };
  assert.equal(told('exec'), 'CONNECT exec true false');
  assert.equal(told('log'), 'GET log false false');
  assert.equal(told('log', 'true'), 'GET log true false');
  assert.equal(told('invented'), 'GET  false false');
});
