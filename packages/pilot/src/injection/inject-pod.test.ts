import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Namespace, Pod } from '@lateen/api';
import { injectPod } from './inject-pod.ts';
import { defaultInjectionOptions } from './injection-options.ts';

type Strings = Readonly<Record<string, string>>;

interface PodInit {
  readonly labels?: Strings;
  readonly annotations?: Strings;
  readonly hostNetwork?: boolean;
}

const podOf = ({ labels, annotations, hostNetwork }: PodInit = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'reviews-v1-5896f547f5-v2h92',
    namespace: 'default',
    labels: { app: 'reviews', version: 'v1', 'pod-template-hash': '5896f547f5', ...labels },
    ...(annotations && { annotations }),
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'reviews-v1-5896f547f5',
        uid: 'u',
        controller: true,
      },
    ],
  },
  spec: {
    containers: [{ name: 'reviews', image: 'reviews', ports: [{ containerPort: 9080 }] }],
    ...(hostNetwork !== undefined && { hostNetwork }),
  },
});

const namespaceOf = (labels: Strings, name = 'default'): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});

const enabled = namespaceOf({ 'istio-injection': 'enabled' });
const inject = { 'sidecar.istio.io/inject': 'true' };
const refuse = { 'sidecar.istio.io/inject': 'false' };

const containerNames = (pod: Pod | undefined): readonly string[] =>
  pod?.spec.containers.map(({ name }) => name) ?? [];

describe('injectPod decides', () => {
  const rows: readonly (readonly [string, Pod, Namespace | undefined, boolean])[] = [
    ['labelled namespace', podOf(), enabled, true],
    ['namespace without label', podOf(), namespaceOf({}), false],
    ['unknown namespace', podOf(), undefined, false],
    [
      'namespace disabled',
      podOf({ labels: inject }),
      namespaceOf({ 'istio-injection': 'disabled' }),
      false,
    ],
    ['our revision', podOf(), namespaceOf({ 'istio.io/rev': 'default' }), true],
    ['another revision', podOf(), namespaceOf({ 'istio.io/rev': 'canary' }), false],
    ['pod label without namespace label', podOf({ labels: inject }), namespaceOf({}), true],
    [
      'pod annotation without namespace label',
      podOf({ annotations: inject }),
      namespaceOf({}),
      false,
    ],
    ['pod label says no', podOf({ labels: refuse }), enabled, false],
    ['pod annotation says no', podOf({ annotations: refuse }), enabled, false],
    ['label beats annotation', podOf({ labels: inject, annotations: refuse }), enabled, true],
    ['host network', podOf({ hostNetwork: true }), enabled, false],
    [
      'kube-system, whatever it says',
      podOf({ labels: inject }),
      namespaceOf({ 'istio-injection': 'enabled' }, 'kube-system'),
      false,
    ],
  ];
  for (const [title, pod, namespace, isInjected] of rows)
    it(`${title}: ${isInjected ? 'a proxy' : 'the same pod'}`, () => {
      const { value } = injectPod(pod, namespace);
      assert.deepEqual(
        containerNames(value),
        isInjected ? ['reviews', 'istio-proxy'] : ['reviews'],
      );
      if (!isInjected) assert.equal(value, pod);
    });

  it('reports a value that is neither yes nor no', () => {
    const { value, diagnostics } = injectPod(
      podOf({ labels: { 'sidecar.istio.io/inject': 'maybe' } }),
      enabled,
    );
    assert.deepEqual(containerNames(value), ['reviews']);
    assert.equal(diagnostics[0]?.path, 'metadata.labels["sidecar.istio.io/inject"]');
  });
});

describe('an injected pod', () => {
  const { value: pod } = injectPod(podOf(), enabled);
  const proxy = pod?.spec.containers[1];

  it('has the labels that kubectl shows in the tutorials', () => {
    assert.deepEqual(pod?.metadata.labels, {
      app: 'reviews',
      'istio.io/rev': 'default',
      'pod-template-hash': '5896f547f5',
      'security.istio.io/tlsMode': 'istio',
      'service.istio.io/canonical-name': 'reviews',
      'service.istio.io/canonical-revision': 'v1',
      version: 'v1',
    });
  });

  it('is ready when its proxy is, and has its metrics port', () => {
    assert.equal(proxy?.image, 'lateen/proxyv2:0.1.0');
    assert.deepEqual(proxy?.ports, [
      { name: 'http-envoy-prom', containerPort: 15090, protocol: 'TCP' },
    ]);
    assert.deepEqual(proxy?.readinessProbe?.httpGet, { path: '/healthz/ready', port: 15021 });
  });

  it('tells the proxy which workload it belongs to', () => {
    const env = new Map(proxy?.env?.map(({ name, value }) => [name, value]));
    assert.equal(env.get('ISTIO_META_WORKLOAD_NAME'), 'reviews-v1');
    assert.equal(
      env.get('ISTIO_META_OWNER'),
      'kubernetes://apis/apps/v1/namespaces/default/deployments/reviews-v1',
    );
    assert.equal(env.get('ISTIO_META_POD_PORTS'), '[{"containerPort":9080}]');
    assert.equal(env.get('ISTIO_META_INTERCEPTION_MODE'), 'NONE');
    assert.ok(env.has('POD_NAME') && env.has('INSTANCE_IP'));
  });

  it('has the annotations of kubectl, Prometheus and istioctl', () => {
    const annotations = pod?.metadata.annotations ?? {};
    assert.equal(annotations['kubectl.kubernetes.io/default-container'], 'reviews');
    assert.equal(annotations['prometheus.io/port'], '15020');
    assert.deepEqual(JSON.parse(annotations['sidecar.istio.io/status'] ?? '').containers, [
      'istio-proxy',
    ]);
  });

  it('stays as it is when injected again', () => {
    assert.ok(pod);
    assert.equal(injectPod(pod, enabled).value, pod);
  });

  it('keeps what the user set', () => {
    const annotations = {
      'kubectl.kubernetes.io/default-container': 'mine',
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9999',
      'sidecar.istio.io/proxyImage': 'mine/proxy:1',
    };
    const { value } = injectPod(podOf({ annotations }), enabled);
    const container = value?.spec.containers[1];
    assert.equal(value?.metadata.annotations?.['kubectl.kubernetes.io/default-container'], 'mine');
    assert.equal(container?.image, 'mine/proxy:1');
    assert.match(
      container?.env?.find(({ name }) => name === 'ISTIO_PROMETHEUS_ANNOTATIONS')?.value ?? '',
      /"port":"9999"/,
    );
  });

  it('gets its certificate with a token of its own and the roots of the mesh', () => {
    const mounts = new Map(proxy?.volumeMounts?.map(({ mountPath, name }) => [mountPath, name]));
    const volume = (path: string) =>
      pod?.spec.volumes?.find(({ name }) => name === mounts.get(path));
    assert.deepEqual(volume('/var/run/secrets/tokens')?.projected?.sources, [
      {
        serviceAccountToken: {
          audience: 'istio-ca',
          expirationSeconds: 43_200,
          path: 'istio-token',
        },
      },
    ]);
    assert.equal(volume('/var/run/secrets/istio')?.configMap?.name, 'istio-ca-root-cert');
    const status = JSON.parse(pod?.metadata.annotations?.['sidecar.istio.io/status'] ?? '');
    assert.deepEqual(status.volumes, ['istiod-ca-cert', 'istio-token']);
  });

  it('may set variables of its proxy; what cannot be read is said', () => {
    const withConfig = (text: string) =>
      injectPod(podOf({ annotations: { 'proxy.istio.io/config': text } }), enabled);
    const { value } = withConfig('proxyMetadata:\n  SECRET_TTL: 10s\n');
    const env = value?.spec.containers[1]?.env?.find(({ name }) => name === 'SECRET_TTL');
    assert.equal(env?.value, '10s');
    for (const text of ['{', 'text', 'proxyMetadata: [1]'])
      assert.equal(withConfig(text).diagnostics[0]?.code, 'IST0125', text);
  });

  it('has an init container only where traffic is redirected', () => {
    assert.equal(pod?.spec.initContainers, undefined);
    const redirected = injectPod(podOf(), enabled, {
      ...defaultInjectionOptions,
      interception: 'REDIRECT',
    });
    assert.deepEqual(
      redirected.value?.spec.initContainers?.map(({ name }) => name),
      ['istio-init'],
    );
  });
});

describe('canonical names', () => {
  it('come from the workload when no label says otherwise', () => {
    const pod = podOf();
    const bare: Pod = {
      ...pod,
      metadata: { ...pod.metadata, labels: { 'pod-template-hash': '5896f547f5' } },
    };
    const { value } = injectPod(bare, enabled);
    assert.equal(value?.metadata.labels?.['service.istio.io/canonical-name'], 'reviews-v1');
    assert.equal(value?.metadata.labels?.['service.istio.io/canonical-revision'], 'latest');
  });
});
