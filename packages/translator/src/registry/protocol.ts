/** Istio's protocol instances, after protocol selection. */
export type Protocol =
  | 'HTTP'
  | 'HTTP2'
  | 'GRPC'
  | 'GRPC-Web'
  | 'HTTPS'
  | 'TLS'
  | 'TCP'
  | 'Mongo'
  | 'Redis'
  | 'MySQL'
  | 'UDP'
  | 'HTTP_PROXY'
  | 'Unsupported';

const byWord: ReadonlyMap<string, Protocol> = new Map([
  ['tcp', 'TCP'],
  ['udp', 'UDP'],
  ['grpc', 'GRPC'],
  ['grpc-web', 'GRPC-Web'],
  ['http', 'HTTP'],
  ['http_proxy', 'HTTP_PROXY'],
  ['http2', 'HTTP2'],
  ['https', 'HTTPS'],
  ['tls', 'TLS'],
  ['mongo', 'Mongo'],
  ['redis', 'Redis'],
  ['mysql', 'MySQL'],
]);

const byAppProtocol: ReadonlyMap<string, Protocol> = new Map([
  ['kubernetes.io/h2c', 'HTTP2'],
  ['kubernetes.io/ws', 'HTTP'],
  ['kubernetes.io/wss', 'HTTPS'],
]);

/** Server-first protocols: sniffing would wait for bytes that never come. */
const wellKnownTcpPorts: ReadonlySet<number> = new Set([25, 53, 3306, 27017]);

/** `protocol` field of ServiceEntry, Gateway and Sidecar ports. */
export const parseProtocol = (value: string): Protocol =>
  byWord.get(value.toLowerCase()) ?? 'Unsupported';

/** What Kubernetes knows of a service port. */
export interface NamedPort {
  readonly port: number;
  readonly name: string;
  readonly transport: string;
  readonly appProtocol: string | undefined;
}

/** Istio's protocol selection: appProtocol, then the name's prefix, then the port number. */
export const selectProtocol = ({ port, name, transport, appProtocol }: NamedPort): Protocol => {
  if (transport === 'UDP') return 'UDP';
  if (appProtocol !== undefined && appProtocol !== '') {
    const known = byAppProtocol.get(appProtocol) ?? parseProtocol(appProtocol);
    if (known !== 'Unsupported') return known;
  }
  const lower = name.toLowerCase();
  const prefix = lower.startsWith('grpc-web') ? 'grpc-web' : (lower.split('-')[0] ?? '');
  const named = parseProtocol(prefix);
  if (named !== 'Unsupported') return named;
  return wellKnownTcpPorts.has(port) ? 'TCP' : 'Unsupported';
};

/** Handled by an HTTP connection manager. */
export const isHttp = (protocol: Protocol): boolean =>
  protocol === 'HTTP' ||
  protocol === 'HTTP2' ||
  protocol === 'GRPC' ||
  protocol === 'GRPC-Web' ||
  protocol === 'HTTP_PROXY';

/** Spoken as HTTP/2 to the upstream. */
export const isHttp2 = (protocol: Protocol): boolean =>
  protocol === 'HTTP2' || protocol === 'GRPC' || protocol === 'GRPC-Web';

/** Undeclared: the proxy finds out by looking at the first bytes. */
export const isSniffed = (protocol: Protocol): boolean => protocol === 'Unsupported';

export const isHttpOrSniffed = (protocol: Protocol): boolean =>
  isHttp(protocol) || isSniffed(protocol);

/** Opaque TLS, routed by SNI. */
export const isTls = (protocol: Protocol): boolean => protocol === 'HTTPS' || protocol === 'TLS';
