/** A real Prometheus on the mesh, with the configuration of `samples/addons`. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { fetchPage, type Mesh, root, until } from './mesh.ts';

const binary = process.env['PROMETHEUS'] ?? 'prometheus';

/** Why it cannot be started here; false when it can. */
export const noPrometheus: string | false = ((): string | false => {
  try {
    execFileSync(binary, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'prometheus is not on the PATH (set PROMETHEUS to its location)';
  }
})();

export interface PrometheusServer {
  readonly url: string;
  stop(): Promise<void>;
}

interface PrometheusConfig {
  global: { scrape_interval: string; scrape_timeout: string };
  scrape_configs: {
    kubernetes_sd_configs?: unknown;
    file_sd_configs?: unknown;
    authorization?: unknown;
    tls_config?: unknown;
    static_configs?: unknown;
  }[];
}

/** The API server and who asks it, by the kubeconfig of the mesh; the files are written to `folder`. */
const apiServerOf = (mesh: Mesh, folder: string) => {
  const { clusters, users } = parse(readFileSync(join(mesh.stateDir, 'kubeconfig'), 'utf8')) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
  };
  const cluster = clusters[0]?.cluster ?? {};
  const user = users[0]?.user ?? {};
  const file = (name: string, base64 = ''): string => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.from(base64, 'base64'), { mode: 0o600 });
    return path;
  };
  return {
    tls_config: {
      ca_file: file('ca.crt', cluster['certificate-authority-data']),
      cert_file: file('client.crt', user['client-certificate-data']),
      key_file: file('client.key', user['client-key-data']),
    },
    static_configs: [{ targets: [new URL(cluster['server'] ?? '').host] }],
  };
};

/**
 * That of the addon. Debian builds Prometheus without the part that asks Kubernetes, so that a file tells it the same of
 * each pod, in the same words: which are scraped, and where, is the addon's configuration's to say.
 */
const configWith = (file: string, apiServer: ReturnType<typeof apiServerOf>): string => {
  const manifests = readFileSync(join(root, 'samples/addons/prometheus.yaml'), 'utf8');
  const map = parseAllDocuments(manifests)
    .map((document) => document.toJS() as { kind: string; data?: Record<string, string> })
    .find(({ kind }) => kind === 'ConfigMap');
  const config = parse(map?.data?.['prometheus.yml'] ?? '') as PrometheusConfig;
  config.global = { scrape_interval: '1s', scrape_timeout: '1s' };
  for (const job of config.scrape_configs) {
    if (job.kubernetes_sd_configs === undefined) {
      // Of the API server: a pod's credentials are at no place of this machine.
      delete job.authorization;
      Object.assign(job, apiServer);
      continue;
    }
    delete job.kubernetes_sd_configs;
    job.file_sd_configs = [{ files: [file] }];
  }
  return stringify(config);
};

interface PodFacts {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status: { readonly podIP: string };
}

const meta = (
  prefix: string,
  values: Readonly<Record<string, string>> = {},
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `__meta_kubernetes_${prefix}${name.replace(/[^a-zA-Z0-9_]/g, '_')}`,
      value,
    ]),
  );

/** What Prometheus' `kubernetes_sd_configs` says of pods. */
const discovered = (pods: readonly PodFacts[]): unknown =>
  pods.map(({ metadata, status }) => ({
    targets: [status.podIP],
    labels: {
      ...meta('', { namespace: metadata.namespace, pod_name: metadata.name, pod_ip: status.podIP }),
      ...meta('pod_label_', metadata.labels),
      ...meta('pod_annotation_', metadata.annotations),
    },
  }));

/** Starts one on a free port. */
export const startPrometheus = async (mesh: Mesh): Promise<PrometheusServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  writeFileSync(file, configWith('pods.json', apiServerOf(mesh, folder)));
  const { items } = JSON.parse(await mesh.kubectl('get pods -A -o json')) as {
    items: readonly PodFacts[];
  };
  writeFileSync(join(folder, 'pods.json'), JSON.stringify(discovered(items)));
  const data = `--storage.tsdb.path=${join(folder, 'data')}`;
  const words = [`--config.file=${file}`, data, '--web.listen-address=127.0.0.1:0'];
  const child = spawn(binary, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  const lines = createInterface({ input: child.stderr });
  const { promise, resolve } = Promise.withResolvers<string>();
  let last = '';
  lines.on('line', (line) => {
    last = line;
    const address = /msg="Listening on" address=(\S+)/.exec(line)?.[1];
    if (address !== undefined) resolve(`http://${address}`);
  });
  const url = await Promise.race([promise, once(child, 'exit').then(() => '')]);
  assert.notEqual(url, '', `Prometheus ended: ${last}`);
  await until('Prometheus', async () =>
    (await fetchPage(`${url}/-/ready`).catch(() => undefined))?.status === 200 ? true : undefined,
  );
  return {
    url,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
