/** The API over HTTPS, without kubectl. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import type { StatusObject } from './api-error.ts';
import { createNoise } from './testing/noise.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

type WatchEvent = { readonly type: string; readonly object: KubeObject };

const configMap = (name: string, data: Record<string, string> = {}, metadata = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});

describe('API server', () => {
  let mesh: TestServer;
  before(async () => {
    mesh = await startTestServer();
  });
  after(() => mesh.close());

  const maps = '/api/v1/namespaces/default/configmaps';
  const routes = '/apis/networking.istio.io/v1/namespaces/default/virtualservices';

  /** The body of a request that must succeed. */
  const ok = async (method: string, path: string, body?: unknown, headers = {}) => {
    const answer = await mesh.ask(method, path, body, headers);
    assert.ok(answer.code < 300, `${method} ${path}: ${answer.code} ${answer.text}`);
    return answer.body as KubeObject & { items: KubeObject[]; data: Record<string, string> };
  };

  /** The Status of a request that must fail. */
  const refused = async (method: string, path: string, body?: unknown, headers = {}) => {
    const answer = await mesh.ask(method, path, body, headers);
    assert.ok(answer.code >= 400, `${method} ${path} succeeded`);
    const status = answer.body as StatusObject;
    assert.equal(status.code, answer.code);
    return status;
  };

  /** Reads a watch until `count` events came. */
  const watch = async (path: string, count: number): Promise<readonly WatchEvent[]> => {
    const { ca, client } = mesh.certificates;
    const request = httpsRequest(`${mesh.server.url}${path}`, { ca, ...client, agent: false });
    request.end();
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) {
      text += String(chunk);
      const lines = text.split('\n').slice(0, -1);
      if (lines.length >= count) return lines.map((line) => JSON.parse(line));
    }
    throw new Error(`the watch ended: ${text}`);
  };

  test('strangers may ask for health and version only', async () => {
    const { ca } = mesh.certificates;
    const codeOf = async (path: string, headers = {}): Promise<number | undefined> => {
      const request = httpsRequest(`${mesh.server.url}${path}`, { ca, agent: false, headers });
      request.end();
      const [response] = await once(request, 'response');
      response.resume();
      return response.statusCode;
    };
    assert.equal(await codeOf('/healthz'), 200);
    assert.equal(await codeOf('/version'), 200);
    for (const path of [
      '/api',
      '/openapi/v2',
      maps,
      '/nothing',
      '/api/v1/namespaces/x/pods/y/exec',
    ])
      assert.equal(await codeOf(path), 401, path);
    assert.equal(await codeOf(maps, { authorization: 'Bearer wrong' }), 401);
    assert.equal(await codeOf(maps, { authorization: 'Bearer jo-token' }), 200);
  });

  test('a new object gets its identity; spec changes count generations, others do not', async () => {
    const route = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'life' },
      spec: { hosts: ['a'] },
    };
    const { metadata } = await ok('POST', routes, route);
    assert.match(metadata.uid ?? '', /^[0-9a-f-]{36}$/);
    assert.match(metadata.creationTimestamp ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(metadata.generation, 1);
    const merge = { 'content-type': 'application/merge-patch+json' };
    const change = (body: unknown, path = '') => ok('PATCH', `${routes}/life${path}`, body, merge);
    assert.equal((await change({ metadata: { labels: { a: 'b' } } })).metadata.generation, 1);
    assert.equal((await change({ spec: { hosts: ['b'] } })).metadata.generation, 2);
    const status = await change({ spec: { hosts: ['c'] }, status: { x: 1 } }, '/status');
    assert.deepEqual([status.metadata.generation, status.spec], [2, { hosts: ['b'] }]);
    const unchanged = await change({ spec: { hosts: ['b'] } });
    assert.equal(unchanged.metadata.resourceVersion, status.metadata.resourceVersion);
  });

  test('generateName makes names; a name that is none is refused', async () => {
    const body = { ...configMap(''), metadata: { generateName: 'made-' } };
    assert.match((await ok('POST', maps, body)).metadata.name, /^made-[a-z0-9]{5}$/);
    const status = await refused('POST', maps, configMap('Not_A_Name'));
    assert.equal(status.reason, 'Invalid');
    assert.equal(status.details?.causes?.[0]?.field, 'metadata.name');
  });

  test('invalid objects name every wrong field', async () => {
    const status = await refused('POST', routes, {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'wrong' },
      spec: { hosts: 'a', http: [{ route: [{ weight: 'x', destination: {} }] }] },
    });
    assert.equal(status.reason, 'Invalid');
    assert.match(
      status.message ?? '',
      /^VirtualService\.networking\.istio\.io "wrong" is invalid: /,
    );
    const fields = status.details?.causes?.map(({ field }) => field) ?? [];
    for (const field of ['spec.hosts', 'spec.http[0].route[0].weight'])
      assert.ok(fields.includes(field), fields.join());
  });

  test('what a Deployment selects is what it makes, for as long as it is there', async () => {
    const path = (api: string): string => `/apis/${api}/namespaces/default/deployments`;
    const selecting = (selector: string, label: string, apiVersion = 'apps/v1') => ({
      ...{ apiVersion, kind: 'Deployment', metadata: { name: 'chosen' } },
      spec: {
        selector: { matchLabels: { app: selector } },
        template: {
          metadata: { labels: { app: label } },
          spec: { containers: [{ name: 'a', image: 'a' }] },
        },
      },
    });
    const apart = await refused('POST', path('apps/v1'), selecting('a', 'b'));
    assert.equal(
      apart.message,
      'Deployment.apps "chosen" is invalid: spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`',
    );
    await ok('POST', path('apps/v1'), selecting('a', 'a'));
    const moved = await refused('PUT', `${path('apps/v1')}/chosen`, selecting('b', 'b'));
    assert.match(moved.message ?? '', /: spec\.selector: Invalid value: .*: field is immutable$/);
    const old = 'extensions/v1beta1';
    await ok('PUT', `${path(old)}/chosen`, selecting('b', 'b', old));
    await ok(
      'PATCH',
      `${path('apps/v1')}/chosen`,
      { spec: { replicas: 3 } },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
  });

  test('a binding keeps its role', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
    const binding = (name: string) => ({
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
      metadata: { name: 'bound' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    });
    await ok('POST', path, binding('a'));
    const { message } = await refused('PUT', `${path}/bound`, binding('b'));
    assert.match(message ?? '', /: roleRef: Invalid value: .*: cannot change roleRef$/);
  });

  test('unknown fields: refused, warned of or dropped, as asked', async () => {
    const body = { ...configMap('odd'), datum: {} };
    const strict = await refused('POST', `${maps}?fieldValidation=Strict`, body);
    assert.match(strict.message ?? '', /strict decoding error: unknown field "datum"/);
    const warned = await mesh.ask('POST', `${maps}?fieldValidation=Warn`, body);
    assert.match(String(warned.headers['warning']), /unknown field \\"datum\\"/);
    assert.equal((warned.body as Record<string, unknown>)['datum'], undefined);
    const ignored = await mesh.ask('PUT', `${maps}/odd?fieldValidation=Ignore`, body);
    assert.equal(ignored.headers['warning'], undefined);
  });

  test('writes based on an old state conflict', async () => {
    const first = await ok('POST', maps, configMap('race', { a: '1' }));
    await ok('PUT', `${maps}/race`, { ...first, data: { a: '2' } });
    const late = await refused('PUT', `${maps}/race`, { ...first, data: { a: '3' } });
    assert.equal(late.reason, 'Conflict');
    assert.equal((await refused('POST', maps, configMap('race'))).reason, 'AlreadyExists');
    const stale = { preconditions: { uid: 'other' } };
    assert.equal((await refused('DELETE', `${maps}/race`, stale)).reason, 'Conflict');
    const merge = { 'content-type': 'application/merge-patch+json' };
    const patches = Array.from({ length: 20 }, (_, index) =>
      ok('PATCH', `${maps}/race`, { data: { [`k${index}`]: 'v' } }, merge),
    );
    await Promise.all(patches);
    assert.equal(Object.keys((await ok('GET', `${maps}/race`)).data).length, 21);
  });

  test('lists come in pages', async () => {
    await ok('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'pages' },
    });
    const path = '/api/v1/namespaces/pages/configmaps';
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ok('POST', path, configMap(name));
    const names: string[] = [];
    let token = '';
    do {
      const page = await ok('GET', `${path}?limit=2&continue=${token}`);
      assert.ok(page.items.length <= 2);
      names.push(...page.items.map(({ metadata }) => metadata.name));
      token = (page.metadata as { continue?: string }).continue ?? '';
    } while (token !== '');
    assert.deepEqual(names, ['a', 'b', 'c', 'd', 'e']);
    assert.equal((await refused('GET', `${path}?limit=2&continue=nonsense`)).reason, 'BadRequest');
  });

  test('a watch goes on from a revision without loss, and sees selections come and go', async () => {
    const { metadata } = await ok('GET', maps);
    const since = metadata.resourceVersion;
    await ok('POST', maps, configMap('seen', {}, { labels: { watch: 'me' } }));
    await ok('PUT', `${maps}/seen`, configMap('seen', { a: 'b' }, { labels: { watch: 'me' } }));
    await ok('PUT', `${maps}/seen`, configMap('seen', { a: 'b' }));
    await ok('DELETE', `${maps}/seen`);
    const all = await watch(`${maps}?watch=true&resourceVersion=${since}`, 4);
    assert.deepEqual(
      all.map(({ type }) => type),
      ['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED'],
    );
    const revisions = all.map(({ object }) => Number(object.metadata.resourceVersion));
    assert.deepEqual(
      revisions,
      revisions.toSorted((a, b) => a - b),
    );
    const labelled = await watch(
      `${maps}?watch=true&resourceVersion=${since}&labelSelector=watch%3Dme`,
      3,
    );
    assert.deepEqual(
      labelled.map(({ type }) => type),
      ['ADDED', 'MODIFIED', 'DELETED'],
    );
  });

  test('a watch may begin with the state, marked where it ends', async () => {
    const events = await watch(
      '/api/v1/namespaces?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&fieldSelector=metadata.name%3Ddefault',
      2,
    );
    assert.deepEqual(
      events.map(({ type }) => type),
      ['ADDED', 'BOOKMARK'],
    );
    assert.equal(events[1]?.object.metadata.annotations?.['k8s.io/initial-events-end'], 'true');
  });

  test('a watch from a revision that is none is refused', async () => {
    assert.equal((await refused('GET', `${maps}?watch=true&resourceVersion=x`)).code, 400);
  });

  test('finalizers hold an object back until the last is gone', async () => {
    await ok('POST', maps, configMap('held', {}, { finalizers: ['example.com/wait'] }));
    const marked = await ok('DELETE', `${maps}/held`);
    assert.ok(marked.metadata.deletionTimestamp);
    const merge = { 'content-type': 'application/merge-patch+json' };
    await ok('PATCH', `${maps}/held`, { metadata: { finalizers: null } }, merge);
    assert.equal((await refused('GET', `${maps}/held`)).reason, 'NotFound');
  });

  test('a pod on a node waits for its kubelet, one without goes at once', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const pod = (name: string, spec = {}) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [{ name: 'main', image: 'x' }], ...spec },
    });
    await ok('POST', pods, pod('placed', { nodeName: 'n' }));
    const marked = await ok('DELETE', `${pods}/placed`);
    assert.equal(marked.metadata.deletionGracePeriodSeconds, 30);
    await ok('GET', `${pods}/placed`);
    await ok('DELETE', `${pods}/placed`, { gracePeriodSeconds: 0 });
    assert.equal((await refused('GET', `${pods}/placed`)).code, 404);
    await ok('POST', pods, pod('floating'));
    await ok('DELETE', `${pods}/floating`);
    assert.equal((await refused('GET', `${pods}/floating`)).code, 404);
  });

  test('a namespace that ends takes its content along and no new content', async () => {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ending' } };
    await ok('POST', '/api/v1/namespaces', body);
    const path = '/api/v1/namespaces/ending/configmaps';
    await ok('POST', path, configMap('held', {}, { finalizers: ['example.com/wait'] }));
    await ok('POST', path, configMap('free'));
    const marked = await ok('DELETE', '/api/v1/namespaces/ending');
    assert.deepEqual((marked.status as { phase: string }).phase, 'Terminating');
    assert.equal((await refused('POST', path, configMap('late'))).reason, 'Forbidden');
    const { resourceVersion } = (await ok('GET', '/api/v1/namespaces')).metadata;
    const gone = watch(
      `/api/v1/namespaces?watch=true&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3Dending`,
      1,
    );
    const merge = { 'content-type': 'application/merge-patch+json' };
    await ok('PATCH', `${path}/held`, { metadata: { finalizers: null } }, merge);
    assert.equal((await gone)[0]?.type, 'DELETED');
    assert.deepEqual(
      (await ok('GET', '/api/v1/configmaps')).items.filter(
        ({ metadata }) => metadata.namespace === 'ending',
      ),
      [],
    );
  });

  test('deletecollection deletes what the selector names', async () => {
    for (const name of ['col-a', 'col-b'])
      await ok('POST', maps, configMap(name, {}, { labels: { col: name } }));
    await ok('DELETE', `${maps}?labelSelector=col%3Dcol-a`);
    assert.equal((await refused('GET', `${maps}/col-a`)).code, 404);
    await ok('GET', `${maps}/col-b`);
  });

  test('a new CRD is served at once, and its objects end with it unlisted', async () => {
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.sail.example' },
      spec: {
        group: 'sail.example',
        scope: 'Cluster',
        names: { plural: 'boats', kind: 'Boat', shortNames: ['bt'] },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: { type: 'object', properties: { masts: { type: 'integer', default: 1 } } },
                },
              },
            },
          },
        ],
      },
    };
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await ok('POST', crds, crd);
    const boats = '/apis/sail.example/v1/boats';
    const boat = { apiVersion: 'sail.example/v1', kind: 'Boat', metadata: { name: 'b' }, spec: {} };
    assert.deepEqual((await ok('POST', boats, boat)).spec, { masts: 1 });
    await ok('GET', '/openapi/v3/apis/sail.example/v1');
    await ok('DELETE', `${crds}/boats.sail.example`);
    assert.equal((await refused('GET', boats)).code, 404);
  });

  test('an apply that repeats the values of another becomes a co-owner', async () => {
    const apply = (manager: string, data: Record<string, string>) =>
      ok('PATCH', `${maps}/shared?fieldManager=${manager}`, configMap('shared', data), {
        'content-type': 'application/apply-patch+yaml',
      });
    await apply('one', { a: '1', b: '2' });
    const both = await apply('two', { a: '1' });
    const managers = (both.metadata.managedFields as { manager: string }[]).map((f) => f.manager);
    assert.deepEqual(managers.toSorted(), ['one', 'two']);
    const left = await apply('one', { b: '2' });
    assert.deepEqual(left.data, { a: '1', b: '2' });
    assert.deepEqual((await apply('two', {})).data, { b: '2' });
  });

  test('services/proxy reaches a ready pod behind the service', async () => {
    const app = createServer((request, response) => response.end(`at ${request.url}`));
    app.listen(0, '127.0.0.1');
    await once(app, 'listening');
    mesh.pods.ports.set(8080, (app.address() as AddressInfo).port);
    mesh.pods.logLines.set('behind', []);
    const metadata = { name: 'proxied' };
    await ok('POST', '/api/v1/namespaces/default/services', {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    const path = '/api/v1/namespaces/default/services/http:proxied:80/proxy/x?y=z';
    assert.equal((await refused('GET', path)).reason, 'ServiceUnavailable');
    await ok('POST', '/api/v1/namespaces/default/endpoints', {
      ...{ apiVersion: 'v1', kind: 'Endpoints', metadata },
      subsets: [
        {
          addresses: [{ ip: '127.0.0.1', targetRef: { kind: 'Pod', name: 'behind' } }],
          ports: [{ name: 'http', port: 8080 }],
        },
      ],
    });
    assert.equal((await mesh.ask('GET', path)).text, 'at /x?y=z');
    app.closeAllConnections();
    app.close();
  });

  const nonsense = ['', '{', 'null', '[]', '[null]', '1', '"x"', '[{"op":"x"}]'];
  const wrongMetadata = ['{"metadata":null}', '{"metadata":[]}', '{"metadata":1}', 'k8s\0abc'];

  const bodyTypes = ['application/json', 'application/yaml', 'text/plain'];
  for (const mediaType of [...bodyTypes, 'application/vnd.kubernetes.protobuf'])
    test(`${mediaType} that is nonsense is refused`, async () => {
      const noise = createNoise(mediaType.length);
      const random = Array.from({ length: 20 }, (_, size) => noise(size).toString('latin1'));
      for (const body of [...nonsense, ...wrongMetadata, ...random]) {
        const status = await refused('POST', maps, body, { 'content-type': mediaType });
        assert.ok(status.code < 500, `${JSON.stringify(body)}: ${status.message}`);
      }
    });

  const patchTypes = ['json-patch+json', 'merge-patch+json', 'strategic-merge-patch+json'];
  for (const patchType of [...patchTypes, 'apply-patch+yaml'])
    test(`${patchType} that is nonsense never fails the server`, async () => {
      const path = `${maps}/target-${patchType.split('+')[0]}`;
      await ok('POST', maps, configMap(path.slice(maps.length + 1)));
      for (const body of [...nonsense, ...wrongMetadata]) {
        const headers = { 'content-type': `application/${patchType}` };
        const { code, text } = await mesh.ask('PATCH', `${path}?fieldManager=m`, body, headers);
        assert.ok(code < 500, `${body}: ${code} ${text}`);
      }
      await ok('GET', path);
    });

  test('paths that are nonsense are refused', async () => {
    for (const path of ['//', '/%', '/api/v1/%zz/x'])
      assert.ok((await refused('GET', path)).code < 500, path);
  });

  test('a body over the limit is refused', async () => {
    const big = configMap('big', { a: 'x'.repeat(3 * 1024 * 1024) });
    assert.equal((await refused('POST', maps, big)).code, 413);
  });
});
