import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConfigMap, Container, Pod, Service } from '@lateen/api';
import { ManualClock } from '@lateen/base';
import type { ConfigSource } from './config-source.ts';
import { containerEnvironment } from './container-environment.ts';
import { PodTokens } from './pod-tokens.ts';
import { materializeVolumes, mountedPaths, replaceMountPaths } from './pod-volumes.ts';
import { expandVariables } from './variable-expansion.ts';

const expansions: readonly [string, string][] = [
  ['$(A)', 'one'],
  ['x$(A)$(B)y', 'xonetwoy'],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(A)', '$(A)'],
  ['$A $(', '$A $('],
  ['$(constructor)', '$(constructor)'],
];
for (const [text, expected] of expansions)
  test(`expansion of ${text}`, () =>
    assert.equal(expandVariables(text, { A: 'one', B: 'two' }), expected));

const service = (name: string, namespace: string, clusterIP: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { clusterIP, ports: [{ name: 'http', port: 80 }] },
});

let settings: ConfigMap | undefined = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'shop' },
  data: { color: 'red', 'a.txt': 'A', '0bad': 'x' },
};

const config: ConfigSource = {
  configMap: (namespace, name) =>
    namespace === 'shop' && name === 'settings' ? settings : undefined,
  secret: () => undefined,
  services: () => [
    service('web-api', 'shop', '127.9.128.5'),
    service('headless', 'shop', 'None'),
    service('other', 'default', '127.9.128.6'),
    service('kubernetes', 'default', '127.9.128.1'),
  ],
  serviceAccountToken: async ({ name, audience }) => `token of ${name} for ${audience}`,
};

const podOf = (container: Container, volumes: Pod['spec']['volumes'] = []): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
  spec: { containers: [container], serviceAccountName: 'robot', volumes },
});

const addresses = { podAddress: '127.9.0.2', nodeAddress: '127.9.127.1' };

const environment = (container: Omit<Container, 'name'>) => {
  const full = { name: 'app', ...container };
  const pod = podOf(full);
  const fixed = { imageEnv: { SIZE: 's' }, base: { HOME: '/h' }, listen: { PORT: '20001' } };
  return containerEnvironment({ pod, container: full, addresses, config, ...fixed });
};

test('services of the namespace and kubernetes, not others', () => {
  const env = environment({});
  assert.equal(env['WEB_API_SERVICE_HOST'], '127.9.128.5');
  assert.equal(env['WEB_API_PORT_80_TCP'], 'tcp://127.9.128.5:80');
  assert.equal(env['WEB_API_SERVICE_PORT_HTTP'], '80');
  assert.equal(env['KUBERNETES_SERVICE_HOST'], '127.9.128.1');
  assert.equal(env['OTHER_SERVICE_HOST'], undefined);
  assert.equal(env['HEADLESS_SERVICE_HOST'], undefined);
});

test('sources, order and expansion', () => {
  const env = environment({
    envFrom: [{ prefix: 'X_', configMapRef: { name: 'settings' } }],
    env: [
      { name: 'SIZE', value: 'm' },
      { name: 'BOTH', value: '$(X_color)-$(SIZE)' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } },
      { name: 'NONE', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } },
      { name: 'PORT', value: '8080' },
    ],
  });
  const { SIZE, BOTH, IP, APP, COLOR, PORT, HOME } = env as Record<string, string>;
  assert.deepEqual(
    [SIZE, BOTH, IP, APP, COLOR, PORT, HOME],
    ['m', 'red-m', '127.9.0.2', 'web', 'red', '20001', '/h'],
  );
  assert.equal('NONE' in env, false);
});

test('what is missing is named', () => {
  const missing = (key: string, name: string) => () =>
    environment({ env: [{ name: 'X', valueFrom: { configMapKeyRef: { name, key } } }] });
  assert.throws(missing('color', 'nowhere'), /configmap "nowhere" not found/);
  assert.throws(missing('shape', 'settings'), /couldn't find key shape/);
});

test('volumes are made, follow changes, and stay inside their folder', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-volumes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const volumes = [
    { name: 'conf', configMap: { name: 'settings' } },
    { name: 'tmp', emptyDir: {} },
    {
      name: 'all',
      projected: {
        sources: [
          { configMap: { name: 'settings', items: [{ key: 'color', path: 'deep/color' }] } },
          { downwardAPI: { items: [{ path: 'me', fieldRef: { fieldPath: 'metadata.name' } }] } },
          { serviceAccountToken: { path: 'token', audience: 'istio-ca' } },
        ],
      },
    },
  ];
  const pod = podOf({ name: 'app' }, volumes);
  const read = (path: string): string => readFileSync(join(folder, 'volumes', path), 'utf8');
  const tokens = new PodTokens(config, new ManualClock());
  await materializeVolumes({ pod, folder, addresses, config, tokens });
  assert.deepEqual(
    [read('conf/a.txt'), read('all/deep/color'), read('all/me'), read('all/token')],
    ['A', 'red', 'web-1', 'token of robot for istio-ca'],
  );
  const before = settings;
  settings = { ...settings!, data: { color: 'blue' } };
  await materializeVolumes({ pod, folder, addresses, config, tokens });
  assert.equal(read('conf/color'), 'blue');
  assert.equal(existsSync(join(folder, 'volumes/conf/a.txt')), false);
  settings = { ...settings, data: { color: 'x' } };
  const items = [{ key: 'color', path: '../../escape' }];
  const bad = podOf({ name: 'app' }, [{ name: 'v', configMap: { name: 'settings', items } }]);
  await assert.rejects(
    materializeVolumes({ pod: bad, folder, addresses, config, tokens }),
    /bad path/,
  );
  settings = undefined;
  await assert.rejects(
    materializeVolumes({ pod, folder, addresses, config, tokens }),
    /"settings" not found/,
  );
  settings = before;
});

test('mount paths in words become real ones', () => {
  const container = {
    name: 'app',
    volumeMounts: [
      { name: 'conf', mountPath: '/etc/app/' },
      { name: 'sub', mountPath: '/etc/app/sub', subPath: 'x' },
    ],
  };
  const paths = mountedPaths(podOf(container), container, '/p');
  const cases: readonly [string, string][] = [
    ['/etc/app', '/p/volumes/conf'],
    ['/etc/app/a.yaml', '/p/volumes/conf/a.yaml'],
    ['/etc/app/sub/b', '/p/volumes/sub/x/b'],
    ['--config=/etc/app/a', '--config=/p/volumes/conf/a'],
    ['/etc/application', '/etc/application'],
  ];
  for (const [word, expected] of cases) assert.equal(replaceMountPaths(word, paths), expected);
});
