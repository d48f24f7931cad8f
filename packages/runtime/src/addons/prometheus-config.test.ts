import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '@lateen/api';
import { parse } from 'yaml';
import { podTargets } from './pod-targets.ts';
import { fileConfig } from './prometheus-config.ts';

const api = { address: '127.0.0.1:6443', caFile: '/own/ca.crt', tokenFile: '/own/token' };

const derive = (text: string) =>
  fileConfig({ text, folder: '/config', targets: '/targets', namespace: 'own', api });

test('discovery of pods becomes files, what files cannot tell is left out and noted', () => {
  const { text, files, notes } = derive(`
global: { scrape_interval: 15s }
rule_files: [rules/*.yml, /absolute.yml]
alerting: { alertmanagers: [{ kubernetes_sd_configs: [{ role: pod }] }] }
scrape_configs:
- job_name: pods
  kubernetes_sd_configs: [{ role: pod }, { role: pod, namespaces: { names: [a], own_namespace: true } }]
  relabel_configs: [{ action: labelmap, regex: __meta_kubernetes_pod_label_(.+) }]
- { job_name: nodes, kubernetes_sd_configs: [{ role: node }] }
- { job_name: file, file_sd_configs: [{ files: [own.json] }] }
- { job_name: static, static_configs: [{ targets: ['localhost:1'] }] }
`);
  const file = (path: string) => ({ files: [path], refresh_interval: '10s' });
  assert.deepEqual(parse(text), {
    global: { scrape_interval: '15s' },
    rule_files: ['/config/rules/*.yml', '/absolute.yml'],
    alerting: { alertmanagers: [{}] },
    scrape_configs: [
      {
        job_name: 'pods',
        relabel_configs: [{ action: 'labelmap', regex: '__meta_kubernetes_pod_label_(.+)' }],
        file_sd_configs: [file('/targets/pods-0.json'), file('/targets/pods-1.json')],
      },
      { job_name: 'nodes' },
      { job_name: 'file', file_sd_configs: [{ files: ['/config/own.json'] }] },
      { job_name: 'static', static_configs: [{ targets: ['localhost:1'] }] },
    ],
  });
  assert.deepEqual(
    files.map(({ namespaces }) => namespaces),
    [undefined, ['a', 'own']],
  );
  assert.deepEqual(notes, [
    'job nodes: kubernetes_sd_configs with role node',
    'alertmanagers: kubernetes_sd_configs',
  ]);
});

test('the API server is where it is on this machine, asked as the pod', () => {
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  const { text } = derive(`
scrape_configs:
- job_name: api
  scheme: https
  tls_config: { ca_file: ${account}/ca.crt }
  authorization: { credentials_file: ${account}/token }
  static_configs: [{ targets: ['kubernetes.default.svc:443', 'other:443'] }]
- { job_name: old, bearer_token_file: ${account}/token, tls_config: { ca_file: /elsewhere } }
`);
  assert.deepEqual(parse(text), {
    scrape_configs: [
      {
        ...{ job_name: 'api', scheme: 'https', tls_config: { ca_file: api.caFile } },
        authorization: { credentials_file: api.tokenFile },
        static_configs: [{ targets: [api.address, 'other:443'] }],
      },
      {
        ...{ job_name: 'old', bearer_token_file: api.tokenFile },
        tls_config: { ca_file: '/elsewhere' },
      },
    ],
  });
});

test('a text that is no configuration is refused', () => {
  assert.throws(() => derive('- a'), /must be a map/);
  assert.throws(() => derive('a: ['));
});

const pod = (name: string, status: Pod['status']): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'default',
    labels: { 'app.kubernetes.io/name': 'web' },
    annotations: { 'prometheus.io/scrape': 'true' },
  },
  spec: {
    containers: [
      { name: 'app', image: 'a', ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'side', image: 'b' },
    ],
  },
  ...(status !== undefined && { status }),
});

test("pods in the words of Prometheus' own discovery", () => {
  const pods = [
    pod('a', { phase: 'Running', podIP: '127.9.0.1' }),
    pod('done', { phase: 'Succeeded', podIP: '127.9.0.1' }),
    pod('new', { phase: 'Pending' }),
  ];
  const [app, side, ...others] = podTargets(pods, undefined);
  assert.deepEqual(others, []);
  assert.deepEqual(app?.targets, ['127.9.0.1:80']);
  assert.deepEqual(side?.targets, ['127.9.0.1']);
  const expected: Readonly<Record<string, string>> = {
    namespace: 'default',
    pod_name: 'a',
    pod_ip: '127.9.0.1',
    pod_ready: 'unknown',
    pod_label_app_kubernetes_io_name: 'web',
    pod_annotation_prometheus_io_scrape: 'true',
    pod_annotationpresent_prometheus_io_scrape: 'true',
    pod_container_name: 'app',
    pod_container_port_number: '80',
    pod_container_port_name: 'http',
  };
  for (const [name, value] of Object.entries(expected))
    assert.equal(app?.labels[`__meta_kubernetes_${name}`], value, name);
  assert.deepEqual(podTargets(pods, ['other']), []);
});
