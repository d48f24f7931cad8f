import { isAbsolute, resolve } from 'node:path';
import { parse, stringify } from 'yaml';

/** A file of targets that stands for one block of `kubernetes_sd_configs`. */
export interface TargetFile {
  /** Absolute path. */
  readonly path: string;
  /** Undefined: pods of all namespaces. */
  readonly namespaces: readonly string[] | undefined;
}

/** A configuration that asks files for its pods. */
export interface FileConfig {
  readonly text: string;
  readonly files: readonly TargetFile[];
  /** What was left out, for the log. */
  readonly notes: readonly string[];
}

export interface FileConfigInput {
  /** Configuration as written. */
  readonly text: string;
  /** Folder it is in: relative paths in it start there. */
  readonly folder: string;
  /** Where the files of targets are written. */
  readonly targets: string;
  /** Namespace of the pod, for `own_namespace`. */
  readonly namespace: string;
  readonly api: ApiPlace;
}

/** The API server of the cluster, and the pod's credentials for it, as they are on this machine. */
export interface ApiPlace {
  /** `host:port`: what `kubernetes.default.svc:443` is. */
  readonly address: string;
  /** Paths of what a container has below `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly caFile: string;
  readonly tokenFile: string;
}

type Settings = Record<string, unknown>;

const isRecord = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const records = (value: unknown): readonly Settings[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];

/** Prometheus watches the files; this is for changes it misses. */
const refreshInterval = '10s';

const absolute = (paths: unknown, folder: string): readonly string[] =>
  texts(paths).map((path) => (isAbsolute(path) ? path : resolve(folder, path)));

const namespacesOf = (block: Settings, own: string): readonly string[] | undefined => {
  const wanted = isRecord(block['namespaces']) ? block['namespaces'] : {};
  const names = [...texts(wanted['names']), ...(wanted['own_namespace'] === true ? [own] : [])];
  return names.length === 0 ? undefined : names;
};

/** Why a block cannot be told by a file of pods; undefined when it can. */
const unsupported = (block: Settings): string | undefined => {
  if (block['role'] !== 'pod') return `role ${String(block['role'])}`;
  return records(block['selectors']).length > 0 ? 'selectors' : undefined;
};

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** A job's service account is the pod's; a static target that is the API server's Service is the API server. */
const placeApi = (job: Settings, { address, caFile, tokenFile }: ApiPlace): void => {
  const files: Readonly<Record<string, string>> = {
    [`${accountFolder}/ca.crt`]: caFile,
    [`${accountFolder}/token`]: tokenFile,
  };
  const place = (holder: unknown, key: string): void => {
    const found = isRecord(holder) ? files[String(holder[key])] : undefined;
    if (isRecord(holder) && found !== undefined) holder[key] = found;
  };
  place(job['tls_config'], 'ca_file');
  place(job['authorization'], 'credentials_file');
  place(job, 'bearer_token_file');
  for (const group of records(job['static_configs']))
    group['targets'] = texts(group['targets']).map((target) =>
      /^kubernetes\.default\.svc(\.cluster\.local)?:443$/.test(target) ? address : target,
    );
};

/**
 * The same configuration for a Prometheus that cannot ask this API server: blocks of `kubernetes_sd_configs` become
 * `file_sd_configs`; those that files of pods cannot tell, and discovery of Alertmanagers, are left out and noted.
 * Throws what is wrong when the text is no YAML map.
 */
export const fileConfig = (input: FileConfigInput): FileConfig => {
  const config: unknown = parse(input.text) ?? {};
  if (!isRecord(config)) throw new Error('the configuration must be a map');
  const files: TargetFile[] = [];
  const notes: string[] = [];
  for (const job of records(config['scrape_configs'])) {
    placeApi(job, input.api);
    const own = records(job['file_sd_configs']);
    for (const entry of own) entry['files'] = absolute(entry['files'], input.folder);
    const blocks = records(job['kubernetes_sd_configs']);
    delete job['kubernetes_sd_configs'];
    const added = blocks.flatMap((block) => {
      const problem = unsupported(block);
      if (problem !== undefined) {
        notes.push(`job ${String(job['job_name'])}: kubernetes_sd_configs with ${problem}`);
        return [];
      }
      const path = resolve(input.targets, `pods-${files.length}.json`);
      files.push({ path, namespaces: namespacesOf(block, input.namespace) });
      return [{ files: [path], refresh_interval: refreshInterval }];
    });
    if (own.length + added.length > 0) job['file_sd_configs'] = [...own, ...added];
  }
  const alerting = isRecord(config['alerting']) ? config['alerting'] : {};
  for (const manager of records(alerting['alertmanagers'])) {
    if (manager['kubernetes_sd_configs'] === undefined) continue;
    delete manager['kubernetes_sd_configs'];
    notes.push('alertmanagers: kubernetes_sd_configs');
  }
  if (config['rule_files'] !== undefined)
    config['rule_files'] = absolute(config['rule_files'], input.folder);
  return { text: stringify(config), files, notes };
};
