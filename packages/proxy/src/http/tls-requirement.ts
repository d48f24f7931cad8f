import type { VirtualHostTable } from '@lateen/routing';
import type { Exchange, LocalReply } from './exchange.ts';

/** The redirect for a request that came in the clear to a host that wants TLS (`require_tls`). */
export const tlsRedirect = (exchange: Exchange, host: VirtualHostTable): LocalReply | undefined => {
  if (host.requireTls === 'none' || exchange.connection.isTls) return undefined;
  const isInternal = exchange.header('x-envoy-internal') === 'true';
  if (host.requireTls === 'external-only' && isInternal) return undefined;
  const location = `https://${exchange.authority.replace(/:\d+$/, '')}${exchange.path}`;
  const headers = [['location', location]] as const;
  return { status: 301, body: '', details: 'route_requires_tls', headers };
};
