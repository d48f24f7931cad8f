import type { Exchange } from './exchange.ts';

/** The client's protocol as Envoy writes it (`%PROTOCOL%`). */
export const protocolName = ({
  connection,
}: Pick<Exchange, 'connection'>): 'HTTP/2' | 'HTTP/1.1' | 'HTTP/1.0' => {
  if (connection.outlet !== undefined) return 'HTTP/2';
  return connection.isHttp10 ? 'HTTP/1.0' : 'HTTP/1.1';
};
