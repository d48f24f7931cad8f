import type { Checked } from '@lateen/base';
import type { ConnectionView, FilterChainTable, ListenerTable } from '@lateen/routing';
import { gatewayListenPort, type ProxyDescriptor, type PushContext } from '@lateen/translator';
import type { CompiledProxy } from './compiled-proxy.ts';
import type { SimulatedRequest } from './request.ts';
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
}

/** What a connection is made from. */
export interface ConnectionParts {
  readonly push: PushContext;
  readonly proxy: ProxyDescriptor;
  readonly compiled: CompiledProxy;
  readonly request: SimulatedRequest;
  readonly direction: Direction;
}

/** Of a client outside the mesh (RFC 5737, TEST-NET-2). */
export const outsideAddress = '198.51.100.1';
/** Where any connection may come from. */
const ephemeralPort = 40_000;

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

const boundListener = (
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

const inboundListener = (
  { compiled, proxy }: ConnectionParts,
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

/** Finds the listener and the filter chain of a request. Error: HostUnknown. */
export const openConnection = (parts: ConnectionParts): Checked<Connection> => {
  const { value, diagnostics } = target(parts);
  if (value === undefined) return { value, diagnostics };
  const { proxy, request, direction } = parts;
  const view: ConnectionView = {
    destinationAddress: value.address,
    destinationPort: value.port,
    sourceAddress: direction === 'outbound' ? (proxy.addresses[0] ?? '') : outsideAddress,
    sourcePort: ephemeralPort,
    serverName: request.serverName,
    transportProtocol: request.scheme === 'https' ? 'tls' : 'raw_buffer',
    applicationProtocols: applicationProtocols[request.scheme],
  };
  return {
    value: {
      ...value,
      bypasses: direction === 'outbound' && value.listener === undefined,
      chain: value.listener?.selectFilterChain(view),
    },
    diagnostics,
  };
};

/** Name of a chain for people: its own, else what it asks for. */
export const chainName = ({ name, matchText, position }: FilterChainTable): string =>
  name || matchText || (position < 0 ? 'default' : '');
