/** What a port speaks, by Istio's protocol instances. `Auto`: not declared, so it is detected from the bytes. */
export type PortProtocol =
  | 'Auto'
  | 'GRPC'
  | 'GRPC-Web'
  | 'HBONE'
  | 'HTTP'
  | 'HTTP2'
  | 'HTTPS'
  | 'HTTP_PROXY'
  | 'Mongo'
  | 'MySQL'
  | 'Redis'
  | 'TCP'
  | 'TLS'
  | 'UDP';

const byName: Readonly<Record<string, PortProtocol>> = {
  grpc: 'GRPC',
  'grpc-web': 'GRPC-Web',
  hbone: 'HBONE',
  http: 'HTTP',
  http2: 'HTTP2',
  https: 'HTTPS',
  http_proxy: 'HTTP_PROXY',
  mongo: 'Mongo',
  mysql: 'MySQL',
  redis: 'Redis',
  tcp: 'TCP',
  tls: 'TLS',
  udp: 'UDP',
};

/** Protocols whose first bytes come from the server: waiting to detect them would hang. */
const serverFirstPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

const kubernetesAppProtocols: Readonly<Record<string, PortProtocol>> = {
  'kubernetes.io/h2c': 'HTTP2',
  'kubernetes.io/ws': 'HTTP',
  'kubernetes.io/wss': 'HTTPS',
};

const lookup = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;

/** A protocol as Gateways, ServiceEntries and Sidecars name it, in any case; `Auto` when unknown or empty. */
export const parseProtocol = (name: string): PortProtocol =>
  lookup(byName, name.toLowerCase()) ?? 'Auto';

/** The part of a Service's port that says what it speaks. */
export interface DeclaredPort {
  readonly port: number;
  readonly name?: string | undefined;
  readonly appProtocol?: string | undefined;
  /** Transport. Default TCP. */
  readonly protocol?: string | undefined;
}

/**
 * Istio's protocol selection for a Kubernetes service port: UDP by transport, then `appProtocol`, then the
 * port's name up to its first `-` (`grpc-web` before that split), else detection, except on well-known
 * server-first ports.
 */
export const selectProtocol = (declared: DeclaredPort): PortProtocol => {
  if (declared.protocol === 'UDP') return 'UDP';
  const fromKubernetes = lookup(kubernetesAppProtocols, declared.appProtocol ?? '');
  if (fromKubernetes !== undefined) return fromKubernetes;
  const text = (declared.appProtocol ?? declared.name ?? '').toLowerCase();
  if (text.startsWith('grpc-web')) return 'GRPC-Web';
  const protocol = parseProtocol(text.split('-', 1)[0] ?? '');
  return protocol === 'Auto' && serverFirstPorts.has(declared.port) ? 'TCP' : protocol;
};

/** Routed by HTTP rules. */
export const isHttpProtocol = (protocol: PortProtocol): boolean =>
  ['HTTP', 'HTTP2', 'HTTP_PROXY', 'GRPC', 'GRPC-Web'].includes(protocol);

/** HTTP/2 on the wire. */
export const isHttp2Protocol = (protocol: PortProtocol): boolean =>
  ['HTTP2', 'GRPC', 'GRPC-Web'].includes(protocol);

/** TLS that the mesh does not terminate: routed by SNI. */
export const isTlsProtocol = (protocol: PortProtocol): boolean =>
  protocol === 'HTTPS' || protocol === 'TLS';
