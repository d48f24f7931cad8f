import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { KubeError } from './kube-error.ts';

/** How to reach one API server as one user. Certificates and keys are PEM. */
export interface KubeConnection {
  readonly server: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly token?: string;
  /** Namespace of the context. Default `default`. */
  readonly namespace: string;
  readonly insecureSkipTlsVerify: boolean;
  /** Context the connection was read from. */
  readonly context: string;
}

interface NamedEntry {
  readonly name?: string;
  readonly [key: string]: unknown;
}

type Settings = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const fail = (message: string, cause?: unknown): never => {
  throw new KubeError('bad-config', message, { cause });
};

const pick = (config: Settings, list: string, name: string, field: string): Settings => {
  const entries = (config[list] ?? []) as readonly NamedEntry[];
  const entry = Array.isArray(entries) ? entries.find((one) => one.name === name) : undefined;
  const value = entry?.[field];
  if (!isRecord(value)) return fail(`kubeconfig: ${list} has no entry named "${name}"`);
  return value;
};

const text = (settings: Settings, key: string): string | undefined => {
  const value = settings[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** `<key>-data` in base64 wins over the file that `<key>` names, as in client-go. */
const material = (settings: Settings, key: string, folder: string): string | undefined => {
  const data = text(settings, `${key}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(settings, key);
  if (file === undefined) return undefined;
  try {
    return readFileSync(resolve(folder, file), 'utf8');
  } catch (cause) {
    return fail(`kubeconfig: cannot read ${key} ${file}`, cause);
  }
};

const readToken = (user: Settings, folder: string): string | undefined => {
  const file = text(user, 'tokenFile');
  const inline = text(user, 'token');
  if (inline !== undefined || file === undefined) return inline;
  return readFileSync(resolve(folder, file), 'utf8').trim();
};

const fileKeys = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'];

const refuseFiles = (settings: Settings): void => {
  const named = fileKeys.find((key) => text(settings, key) !== undefined);
  if (named !== undefined)
    fail(`kubeconfig: ${named} must not name a file here; put its content in instead`);
};

/** Which context of a kubeconfig, and what it may name. */
export interface KubeConfigOptions {
  /** Default: `current-context`. */
  readonly context?: string;
  /** Folder that relative file names are resolved against. Default: the working folder. */
  readonly folder?: string;
  /** Whether files may be named for certificates, keys and tokens. Default: they may. */
  readonly files?: 'allowed' | 'refused';
}

/** Drops undefined values, which exactOptionalPropertyTypes keeps apart from absent ones. */
const compact = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;

const parseMapping = (yaml: string): Settings => {
  let config: unknown;
  try {
    config = parse(yaml);
  } catch (cause) {
    return fail('kubeconfig: not YAML', cause);
  }
  return isRecord(config) ? config : fail('kubeconfig: must be a mapping');
};

/**
 * Reads a kubeconfig (client-go's clientcmd v1 format).
 * @throws KubeError `bad-config` naming the missing entry; exec and auth-provider users are refused.
 */
export const parseKubeConfig = (yaml: string, options: KubeConfigOptions = {}): KubeConnection => {
  const config = parseMapping(yaml);
  const contextName = options.context ?? text(config, 'current-context');
  if (contextName === undefined)
    return fail('kubeconfig: no current-context; name one with --context');
  const context = pick(config, 'contexts', contextName, 'context');
  const cluster = pick(config, 'clusters', text(context, 'cluster') ?? '', 'cluster');
  const user = pick(config, 'users', text(context, 'user') ?? '', 'user');
  if ('exec' in user || 'auth-provider' in user)
    return fail('kubeconfig: users with exec or auth-provider are not supported; use a token');
  if (options.files === 'refused') refuseFiles({ ...cluster, ...user });
  const folder = options.folder ?? '.';
  return compact<KubeConnection>({
    server: text(cluster, 'server') ?? fail('kubeconfig: the cluster has no server'),
    certificateAuthority: material(cluster, 'certificate-authority', folder) as string,
    clientCertificate: material(user, 'client-certificate', folder) as string,
    clientKey: material(user, 'client-key', folder) as string,
    token: readToken(user, folder) as string,
    namespace: text(context, 'namespace') ?? 'default',
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
    context: contextName,
  });
};

/** Reads the kubeconfig file at `path`; relative names inside are relative to its folder. */
export const loadKubeConfig = (path: string, context?: string): KubeConnection => {
  let yaml: string;
  try {
    yaml = readFileSync(path, 'utf8');
  } catch (cause) {
    return fail(`cannot read kubeconfig ${path}`, cause);
  }
  const folder = dirname(resolve(path));
  return parseKubeConfig(yaml, context === undefined ? { folder } : { folder, context });
};
