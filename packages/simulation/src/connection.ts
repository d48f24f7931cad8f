import type { Checked } from '@lateen/base';
import type {
  ConnectionView,
  FilterChainTable,
  ListenerTable,
  PolicyConnection,
} from '@lateen/routing';
import { gatewayListenPort, type ProxyDescriptor, type PushContext } from '@lateen/translator';
import type { SimulatedClient } from './client.ts';
import type { CompiledProxy } from './compiled-proxy.ts';
import { acceptView, meshProtocols } from './handshake.ts';
import type { SimulatedRequest } from './request.ts';
import type { Sentence } from './sentence.ts';
import { resolveServiceAddress } from './service-address.ts';

/** Which way a request comes to the proxy. */
export type Direction = 'outbound' | 'inbound' | 'gateway';

/** A connection on its way in: what listeners and filter chains look at. */
export interface Connection {
  readonly address: string;
  readonly port: number;
  /** The connection does not go through the proxy at all. */
  readonly bypasses: boolean;
  /** Undefined: nothing listens there. */
  readonly listener: ListenerTable | undefined;
  readonly chain: FilterChainTable | undefined;
  /** The client speaks TLS. */
  readonly encrypted: boolean;
  /** As policies see it. */
  readonly policy: PolicyConnection;
  /** Why it fails before a byte of it is read; undefined: it does not. */
  readonly refusal: Sentence | undefined;
}

/** What a connection is made from. */
export interface ConnectionParts {
  readonly push: PushContext;
  readonly proxy: ProxyDescriptor;
  readonly compiled: CompiledProxy;
  readonly request: SimulatedRequest;
  readonly direction: Direction;
  readonly client: SimulatedClient;
}

/** Of a client outside the mesh (RFC 5737, TEST-NET-2). */
export const outsideAddress = '198.51.100.1';
/** Port that any connection may come from. */
export const ephemeralPort = 40_000;

const applicationProtocols: Readonly<Record<SimulatedRequest['scheme'], readonly string[]>> = {
  http: ['http/1.1'],
  https: ['h2', 'http/1.1'],
  tcp: [],
};

const listensAt = ({ address }: ListenerTable, host: string, port: number): boolean =>
  address.kind === 'socket' && address.port === port && address.host === host;

/**
 * `use_original_dst`: the listener of the very address, else of the wildcard, else the one that
 * caught the connection.
 */
const outboundListener = (
  { compiled, proxy, request }: ConnectionParts,
  address: string,
  port: number,
): ListenerTable | undefined => {
  const outbound = compiled.listeners.filter(({ direction }) => direction === 'outbound');
  if (proxy.interceptionMode === 'NONE') {
    // Apps are told of a proxy for plain HTTP only.
    if (request.scheme !== 'http') return undefined;
    return outbound.find(({ routeNames }) => routeNames.has('http_proxy'));
  }
  const unbound = outbound.filter(({ bindToPort }) => !bindToPort);
  return (
    unbound.find((one) => listensAt(one, address, port)) ??
    unbound.find((one) => listensAt(one, '0.0.0.0', port)) ??
    outbound.find((one) => one.useOriginalDestination)
  );
};

/** The listener of a port on the proxy's own address. */
export const boundListener = (
  listeners: readonly ListenerTable[],
  port: number,
): ListenerTable | undefined =>
  listeners.find(({ address }) => address.kind === 'socket' && address.port === port);

/** The workload port behind a service port; a port no service has is the workload's own. */
const workloadPort = ({ push, proxy, request }: ConnectionParts): number => {
  const own = [...push.services.services].filter(({ hostname, namespace, name }) =>
    [hostname, `${name}.${namespace}`, `${name}.${namespace}.svc`, name].includes(request.host),
  );
  const address = proxy.addresses[0];
  for (const service of own) {
    const port = service.ports.find(({ number }) => number === request.port);
    const endpoint = (push.endpoints.get(`${service.namespace}/${service.hostname}`) ?? []).find(
      (one) => one.address === address && one.servicePortName === port?.name,
    );
    if (endpoint !== undefined) return endpoint.port;
  }
  return request.port;
};

/** The listener that takes connections to a workload port. */
export const inboundListener = (
  { compiled, proxy }: Pick<ConnectionParts, 'compiled' | 'proxy'>,
  port: number,
): ListenerTable | undefined => {
  const inbound = compiled.listeners.filter(({ direction }) => direction === 'inbound');
  return proxy.interceptionMode === 'NONE' ? boundListener(inbound, port) : inbound[0];
};

const target = (
  parts: ConnectionParts,
): Checked<{ address: string; port: number; listener: ListenerTable | undefined }> => {
  const { push, proxy, compiled, request, direction } = parts;
  const own = proxy.addresses[0] ?? '0.0.0.0';
  if (direction === 'gateway') {
    const port = gatewayListenPort(push, proxy, request.port);
    const listener = boundListener(compiled.listeners, port);
    return { value: { address: own, port, listener }, diagnostics: [] };
  }
  if (direction === 'inbound') {
    const port = workloadPort(parts);
    const listener = inboundListener(parts, port);
    return { value: { address: own, port, listener }, diagnostics: [] };
  }
  const { value, diagnostics } = resolveServiceAddress(push, proxy, request.host);
  if (value === undefined) return { value, diagnostics };
  const { address } = value;
  const listener = outboundListener(parts, address, request.port);
  return { value: { address, port: request.port, listener }, diagnostics };
};

const viewOf = (
  parts: ConnectionParts,
  { address, port }: { readonly address: string; readonly port: number },
): ConnectionView => {
  const { proxy, request, direction, client } = parts;
  const own = direction === 'outbound' ? (proxy.addresses[0] ?? '') : outsideAddress;
  const common = {
    destinationAddress: address,
    destinationPort: port,
    sourceAddress: client.address ?? own,
    sourcePort: ephemeralPort,
    serverName: request.serverName,
  };
  if (direction === 'inbound' && client.principal !== undefined && request.scheme !== 'https') {
    const alpn = request.scheme === 'tcp' ? meshProtocols.tcp : meshProtocols.http;
    return { ...common, transportProtocol: 'tls', applicationProtocols: alpn };
  }
  return {
    ...common,
    transportProtocol: request.scheme === 'https' ? 'tls' : 'raw_buffer',
    applicationProtocols: applicationProtocols[request.scheme],
  };
};

/** Finds the listener and the filter chain of a request. Error: HostUnknown. */
export const openConnection = (parts: ConnectionParts): Checked<Connection> => {
  const { value, diagnostics } = target(parts);
  if (value === undefined) return { value, diagnostics };
  const { direction, client } = parts;
  const view = viewOf(parts, value);
  const principal = direction === 'outbound' ? undefined : client.principal;
  const isInside = direction === 'inbound';
  const bypasses = direction === 'outbound' && value.listener === undefined;
  return {
    value: { ...value, bypasses, ...acceptView(value.listener, view, { principal, isInside }) },
    diagnostics,
  };
};

/** Name of a chain for people: its own, else what it asks for. */
export const chainName = ({ name, matchText, position }: FilterChainTable): string =>
  name || matchText || (position < 0 ? 'default' : '');
