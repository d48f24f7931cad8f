import { forwardClientCertificate } from '../tls/forwarded-client-certificate.ts';
import type { ConnectionManager } from './connection-manager.ts';
import type { Exchange } from './exchange.ts';
import {
  answerExpectation,
  applyForwarding,
  applyRequestId,
  removeHopByHop,
} from './request-hygiene.ts';

/** What became known about a request. */
export interface PreparedRequest {
  readonly scheme: 'http' | 'https';
  /** Address of the client as trusted proxies report it. */
  readonly clientAddress: string;
  readonly requestId: string | undefined;
}

/** Everything the connection manager does to a head before routes are looked at. */
export const prepareRequest = (
  exchange: Exchange & { readonly upgrade: string | undefined },
  manager: ConnectionManager,
): PreparedRequest => {
  const { request, connection } = exchange;
  const { settings } = manager;
  if (!settings.proxy100Continue) answerExpectation(connection);
  removeHopByHop(request, exchange.upgrade);
  const client = applyForwarding(request, connection, settings);
  forwardClientCertificate(request, connection.tls, settings);
  const isEdge = settings.useRemoteAddress && !client.isInternal;
  return {
    scheme: connection.isTls ? 'https' : 'http',
    clientAddress: client.address,
    requestId: applyRequestId(request, settings, isEdge, manager.deps.newRequestId),
  };
};
