import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Container, Pod } from '@lateen/api';
import { addonImages } from './addon-images.ts';
import { ImageCatalog } from './image-catalog.ts';
import type { PreparedProgram, ProgramRequest } from './program.ts';

const folder = new URL('../../../../samples/addons/', import.meta.url);
const images = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => [...readFileSync(new URL(name, folder), 'utf8').matchAll(/image: (\S+)/g)])
  .map(([, image = '']) => image);

/** A machine on which nothing is installed. */
const bare = { environment: {}, kubeconfig: async () => 'credentials' };

const request = { addresses: { podAddress: '127.9.0.2' } } as unknown as ProgramRequest;

test('every image of samples/addons is answered for', async () => {
  const endpoints = {
    dashboard: 'http://127.0.0.1:20001',
    otlp: 'http://127.0.0.1:4318',
    otlpGrpc: 'http://127.0.0.1:4317',
    zipkin: 'http://127.0.0.1:9411',
  };
  const catalog = new ImageCatalog(addonImages(() => endpoints, bare));
  assert.ok(images.length >= 5);
  for (const image of images) {
    const prepared = await catalog.find(image)?.program?.prepare(request);
    assert.ok((prepared?.args.length ?? 0) >= 2, image);
  }
  const kiali = await catalog.find('quay.io/kiali/kiali:v9')?.program?.prepare(request);
  assert.deepEqual(kiali?.args, ['--route', '127.9.0.2:20001=http://127.0.0.1:20001']);
  const jaeger = await catalog.find('docker.io/jaegertracing/jaeger')?.program?.prepare(request);
  assert.ok(jaeger?.args.includes('127.9.0.2:4317=tcp://127.0.0.1:4317'));
});

test('without the dashboard an addon waits, and says for what', async () => {
  const catalog = new ImageCatalog(addonImages(() => undefined, bare));
  const prepared = catalog.find('quay.io/kiali/kiali')?.program?.prepare(request);
  await assert.rejects(prepared ?? Promise.resolve(), /--no-dashboard/);
});

/** A machine with programs of these names, and a pod's folder. */
const installed = (t: TestContext, ...names: readonly string[]) => {
  const root = mkdtempSync(join(tmpdir(), 'lateen-addons-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const bin = join(root, 'home', 'bin');
  mkdirSync(bin, { recursive: true });
  for (const name of names) {
    writeFileSync(join(bin, name), '#!/bin/sh\necho "$GF_SERVER_HTTP_ADDR $*"\n');
    chmodSync(join(bin, name), 0o700);
  }
  const pod = join(root, 'pod');
  mkdirSync(pod);
  return { bin, home: join(root, 'home'), folder: pod };
};

const prepare = async (
  image: string,
  environment: Readonly<Record<string, string>>,
  folder: string,
  own: Partial<Container>,
): Promise<{ readonly prepared: PreparedProgram; readonly answeredBy: string }> => {
  const endpoints = { dashboard: 'http://127.0.0.1:1', otlp: 'http://127.0.0.1:2', zipkin: '' };
  const catalog = new ImageCatalog(addonImages(() => endpoints, { ...bare, environment }));
  const program = catalog.find(image)?.program;
  const container: Container = { name: 'c', image, ...own };
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'istio-system' },
    spec: { containers: [container] },
  };
  const prepared = await program?.prepare({ ...request, pod, container, folder });
  assert.ok(prepared !== undefined);
  return { prepared, answeredBy: program?.answeredBy?.() ?? '' };
};

const prometheusContainer: Partial<Container> = {
  args: [
    '--config.file=/etc/config/prometheus.yml',
    '--storage.tsdb.path',
    '/elsewhere',
    '--storage.tsdb.retention.time=15d',
  ],
  volumeMounts: [{ name: 'config-volume', mountPath: '/etc/config' }],
};

test('an installed Prometheus is the pod, on its address, with its data in the pod', async (t) => {
  const { bin, folder } = installed(t, 'prometheus');
  const image = 'docker.io/prom/prometheus:v3.5.0';
  const { prepared, answeredBy } = await prepare(
    image,
    { PATH: `/none:${bin}` },
    folder,
    prometheusContainer,
  );
  assert.equal(answeredBy, `the real program ${join(bin, 'prometheus')}`);
  const own = join(folder, 'c', 'prometheus');
  assert.deepEqual(prepared.args, [
    ...['--program', join(bin, 'prometheus'), '--folder', own],
    ...['--kubeconfig', join(own, 'api.kubeconfig'), '--namespace', 'istio-system'],
    ...['--config', join(folder, 'volumes/config-volume/prometheus.yml'), '--'],
    `--storage.tsdb.path=${join(own, 'data')}`,
    '--web.listen-address=127.9.0.2:9090',
    '--storage.tsdb.retention.time=15d',
  ]);
  assert.equal(readFileSync(join(own, 'api.kubeconfig'), 'utf8'), 'credentials');
});

test('an installed Jaeger is the pod, and listens nowhere else', async (t) => {
  const { bin, folder } = installed(t, 'jaeger-all-in-one');
  const image = 'docker.io/jaegertracing/all-in-one:1.67.0';
  const { prepared, answeredBy } = await prepare(image, { PATH: bin }, folder, {
    env: [
      { name: 'MEMORY_MAX_TRACES', value: '9' },
      { name: 'COLLECTOR_ZIPKIN_HOST_PORT', value: ':9411' },
    ],
  });
  assert.equal(answeredBy, `the real program ${join(bin, 'jaeger-all-in-one')}`);
  assert.deepEqual(prepared.command, [join(bin, 'jaeger-all-in-one')]);
  assert.equal(prepared.env['MEMORY_MAX_TRACES'], '9');
  const listeners = Object.entries(prepared.env).filter(([name]) => name.endsWith('_HOST_PORT'));
  assert.ok(listeners.length > 8);
  assert.ok(listeners.every(([, place]) => place.startsWith('127.9.0.2:')));
  assert.equal(prepared.env['COLLECTOR_ZIPKIN_HOST_PORT'], '127.9.0.2:9411');
});

test('what is installed is not taken when that is turned off', async (t) => {
  const { bin, folder } = installed(t, 'prometheus');
  const environment = { PATH: bin, LATEEN_REAL_ADDONS: 'off' };
  const { prepared, answeredBy } = await prepare(
    'prom/prometheus',
    environment,
    folder,
    prometheusContainer,
  );
  assert.equal(answeredBy, 'a part of Lateen');
  assert.equal(prepared.args[0], '--route');
});

test('an installed Grafana finds its home, configuration and dashboards', async (t) => {
  const { bin, home, folder } = installed(t, 'grafana');
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf', 'defaults.ini'), '');
  const volumes = join(folder, 'volumes');
  mkdirSync(join(volumes, 'config'), { recursive: true });
  const providers = join(volumes, 'config', 'providers.yaml');
  writeFileSync(providers, 'path: /var/lib/grafana/dashboards/istio\n');
  const mount = (name: string, mountPath: string, subPath?: string) => ({
    ...{ name, mountPath },
    ...(subPath !== undefined && { subPath }),
  });
  const volumeMounts = [
    mount('config', '/etc/grafana/grafana.ini', 'grafana.ini'),
    mount('config', '/etc/grafana/provisioning/dashboards/providers.yaml', 'providers.yaml'),
    mount('boards', '/var/lib/grafana/dashboards/istio'),
  ];
  const image = 'docker.io/grafana/grafana:12.0.1';
  const { prepared, answeredBy } = await prepare(image, { PATH: bin }, folder, { volumeMounts });
  assert.equal(answeredBy, `the real program ${join(bin, 'grafana')}`);
  assert.deepEqual(prepared.command, [join(bin, 'grafana'), 'server']);
  assert.deepEqual(prepared.args, [
    `--homepath=${home}`,
    `--config=${join(volumes, 'config', 'grafana.ini')}`,
  ]);
  const { command: [program = '', ...words] = [], args, env } = prepared;
  const said = execFileSync(program, [...words, ...args], { env, encoding: 'utf8' });
  assert.equal(said, `127.9.0.2 server ${prepared.args.join(' ')}\n`);
  assert.equal(`${env['GF_SERVER_HTTP_ADDR']}:${env['GF_SERVER_HTTP_PORT']}`, '127.9.0.2:3000');
  assert.equal(env['HTTP_PROXY'], 'http://127.9.0.2:15002');
  const provisioned = join(env['GF_PATHS_PROVISIONING'] ?? '', 'dashboards', 'providers.yaml');
  assert.equal(readFileSync(provisioned, 'utf8'), `path: ${join(volumes, 'boards')}\n`);
});
