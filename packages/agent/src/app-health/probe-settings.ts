import { AgentError } from '../agent-error.ts';

/** What one check does: exactly one of Istio's four. */
export type ProbeAction =
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'exec'; readonly command: readonly string[] }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

/** `readinessProbe` of Istio's ProxyConfig: how an agent outside Kubernetes checks its app. */
export interface ProbeSettings {
  readonly action: ProbeAction;
  readonly initialDelayMs: number;
  /** Default 1 s. */
  readonly timeoutMs: number;
  /** Default 10 s. */
  readonly periodMs: number;
  /** Default 1. */
  readonly successThreshold: number;
  /** Default 3. */
  readonly failureThreshold: number;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : undefined;

const invalid = (field: string, wanted: string): AgentError =>
  new AgentError('bad-option', `PROXY_CONFIG: readinessProbe.${field} must be ${wanted}`);

const numberOf = (fields: Fields, name: string, preset: number): number => {
  const value = fields[name] ?? preset;
  if (typeof value !== 'number' || !(value >= 0)) throw invalid(name, 'a number of 0 or more');
  return value;
};

const portOf = (fields: Fields, path: string): number => {
  const value = fields['port'];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535)
    throw invalid(`${path}.port`, 'a port from 1 to 65535');
  return value;
};

const textOf = (value: unknown, preset: string): string =>
  typeof value === 'string' && value !== '' ? value : preset;

const httpAction = (http: Fields): ProbeAction => {
  const scheme = textOf(http['scheme'], 'http').toLowerCase();
  if (scheme !== 'http' && scheme !== 'https') throw invalid('httpGet.scheme', 'HTTP or HTTPS');
  const listed = Array.isArray(http['httpHeaders']) ? http['httpHeaders'] : [];
  const headers = listed.map(fieldsOf).flatMap((one) => (one === undefined ? [] : [one]));
  const host = textOf(http['host'], 'localhost');
  const path = textOf(http['path'], '/');
  return {
    kind: 'http',
    url: `${scheme}://${host}:${portOf(http, 'httpGet')}${path.startsWith('/') ? '' : '/'}${path}`,
    headers: Object.fromEntries(
      headers.map(({ name, value }) => [textOf(name, 'x-probe'), textOf(value, '')]),
    ),
  };
};

const execAction = (exec: Fields): ProbeAction => {
  const command = exec['command'];
  const isList = Array.isArray(command) && command.length > 0;
  if (!isList || !command.every((word) => typeof word === 'string'))
    throw invalid('exec.command', 'a list of words');
  return { kind: 'exec', command };
};

const actionOf = (probe: Fields): ProbeAction => {
  const http = fieldsOf(probe['httpGet']);
  if (http !== undefined) return httpAction(http);
  const tcp = fieldsOf(probe['tcpSocket']);
  if (tcp !== undefined)
    return { kind: 'tcp', host: textOf(tcp['host'], 'localhost'), port: portOf(tcp, 'tcpSocket') };
  const exec = fieldsOf(probe['exec']);
  if (exec !== undefined) return execAction(exec);
  const grpc = fieldsOf(probe['grpc']);
  if (grpc !== undefined)
    return { kind: 'grpc', port: portOf(grpc, 'grpc'), service: textOf(grpc['service'], '') };
  throw new AgentError(
    'bad-option',
    'PROXY_CONFIG: readinessProbe needs one of httpGet, tcpSocket, exec and grpc',
  );
};

/**
 * Reads `readinessProbe` of the ProxyConfig in `PROXY_CONFIG` (JSON); undefined when it has none.
 * @throws AgentError `bad-option` naming the field.
 */
export const readProbeSettings = (proxyConfig: string | undefined): ProbeSettings | undefined => {
  if (proxyConfig === undefined || proxyConfig === '') return undefined;
  let config: unknown;
  try {
    config = JSON.parse(proxyConfig);
  } catch (cause) {
    throw new AgentError('bad-option', 'PROXY_CONFIG must be JSON', { cause });
  }
  const probe = fieldsOf(fieldsOf(config)?.['readinessProbe']);
  if (probe === undefined) return undefined;
  return {
    action: actionOf(probe),
    initialDelayMs: numberOf(probe, 'initialDelaySeconds', 0) * 1_000,
    timeoutMs: numberOf(probe, 'timeoutSeconds', 1) * 1_000,
    periodMs: Math.max(1, numberOf(probe, 'periodSeconds', 10)) * 1_000,
    successThreshold: Math.max(1, numberOf(probe, 'successThreshold', 1)),
    failureThreshold: Math.max(1, numberOf(probe, 'failureThreshold', 3)),
  };
};
