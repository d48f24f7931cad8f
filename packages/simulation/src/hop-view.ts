import type { ConnectionView, FilterChainTable, UpstreamTransport } from '@lateen/routing';
import type { ProxyDescriptor } from '@lateen/translator';
import { ephemeralPort } from './connection.ts';
import { meshProtocols } from './handshake.ts';
import type { SimulatedRequest } from './request.ts';
import type { SimulatedArrival } from './simulation.ts';

/** The proxy that sends. */
export interface Sender {
  readonly proxy: ProxyDescriptor;
  /** That took the request in; undefined: nobody stands between client and destination. */
  readonly chain: FilterChainTable | undefined;
  readonly forwardsClaims: boolean;
  /** That the destination sees: of a gateway between the two. Default: the proxy's own. */
  readonly sourceAddress?: string;
}

const isMutual = (transport: UpstreamTransport): boolean =>
  transport.kind === 'tls' &&
  transport.tls.certificates.some((one) => one.kind === 'sds' && one.name === 'default');

/** What a transport is to people. */
export const transportName = (transport: UpstreamTransport): SimulatedArrival['transport'] => {
  if (isMutual(transport)) return 'mutual';
  return transport.kind === 'tls' ? 'tls' : 'plaintext';
};

/** What is offered by ALPN: of the filter for HTTP, else of the cluster. */
const offeredProtocols = (
  transport: UpstreamTransport,
  { chain }: Sender,
  isHttp: boolean,
): readonly string[] => {
  if (transport.kind !== 'tls') return isHttp ? ['http/1.1'] : [];
  const filter = chain?.http?.httpFilters.find(({ config }) => config.kind === 'alpn');
  const own = filter?.config.kind === 'alpn' ? filter.config.http11 : undefined;
  if (isMutual(transport) && isHttp) return own ?? meshProtocols.http;
  return transport.tls.alpn;
};

const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};

/** A connection to an endpoint as its proxy sees it. */
export const hopView = (
  address: string,
  transport: UpstreamTransport,
  sender: Sender,
  scheme: SimulatedRequest['scheme'],
): ConnectionView => {
  const { host, port } = splitAddress(address);
  const isHttp =
    (sender.chain === undefined || sender.chain.http !== undefined) && scheme !== 'tcp';
  return {
    destinationAddress: host,
    destinationPort: port,
    sourceAddress: sender.sourceAddress ?? sender.proxy.addresses[0] ?? '',
    sourcePort: ephemeralPort,
    serverName: transport.kind === 'tls' ? transport.tls.serverName : '',
    transportProtocol: transport.kind === 'tls' ? 'tls' : 'raw_buffer',
    applicationProtocols: offeredProtocols(transport, sender, isHttp),
  };
};
