import type { SocketRequest } from '../../cluster/upstream-socket.ts';
import type { RouterHost } from './router-host.ts';

/** What a connection for this exchange depends on. Upgrades are not carried over HTTP/2. */
export const socketRequest = (exchange: RouterHost): SocketRequest => {
  const { authority, connection, upgrade } = exchange;
  const version = connection.outlet === undefined ? 'http1' : 'http2';
  const protocol = upgrade === undefined ? version : 'upgrade';
  return { authority, alpn: exchange.upstreamAlpn, protocol, downstream: connection };
};
