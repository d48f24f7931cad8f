import { isIPv4 } from 'node:net';
import {
  type HttpConnectionManagerSettings,
  packTraceReason,
  readTraceReason,
} from '@lateen/routing';
import { headFlag, type MessageHead } from '../http1/head-parser.ts';
import { removeNominated } from './connection-header.ts';
import type { Downstream } from './downstream.ts';

/** Headers by which a client may steer Envoy: only for those inside. */
const internalOnly: readonly string[] = [
  'x-envoy-decorator-operation',
  'x-envoy-downstream-service-cluster',
  'x-envoy-downstream-service-node',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-force-trace',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-original-url',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-retriable-status-codes',
  'x-envoy-retriable-header-names',
  'x-envoy-retry-on',
  'x-envoy-retry-grpc-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
];

/** RFC 1918, loopback, link-local and unique local addresses. */
export const isInternalAddress = (address: string): boolean => {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (isIPv4(plain)) {
    return /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2[0-9]|3[01])\.)/.test(plain);
  }
  return plain === '::1' || /^f[cd]/i.test(plain) || /^fe80:/i.test(plain);
};

const removeConnectionHeaders = (request: MessageHead): void => {
  const { flags } = request;
  if ((flags & headFlag.connectionTokens) !== 0) removeNominated(request);
  if ((flags & headFlag.upgrade) !== 0) {
    request.remove('upgrade');
    request.remove('http2-settings');
  }
  const any = headFlag.close | headFlag.keepAlive | headFlag.connectionTokens;
  if ((flags & any) !== 0) request.remove('connection');
};

/** Takes out what belongs to the client's connection only. `upgrade`: the type that is let through. */
export const removeHopByHop = (request: MessageHead, upgrade: string | undefined): void => {
  if (upgrade === undefined) removeConnectionHeaders(request);
  request.remove('keep-alive');
  request.remove('proxy-connection');
  // Whether trailers are understood concerns everyone on the way (Envoy keeps this one).
  if (request.get('te') !== 'trailers') request.remove('te');
};

/** The address a request came from, as trusted proxies before us report it. */
export interface ClientAddress {
  readonly address: string;
  readonly isInternal: boolean;
}

/** The n-th address from the right of `x-forwarded-for`; undefined: not that many. */
const forwardedAddress = (request: MessageHead, fromRight: number): string | undefined => {
  const addresses = (request.get('x-forwarded-for') ?? '').split(',');
  return addresses.at(-1 - fromRight)?.trim() || undefined;
};

const markOrigin = (request: MessageHead, address: string, isInternal: boolean): void => {
  if (isInternal) {
    request.set('x-envoy-internal', 'true');
    return;
  }
  request.remove('x-envoy-internal');
  request.set('x-envoy-external-address', address);
  for (const name of internalOnly) request.remove(name);
};

const portOf = (label: string): string => label.slice(label.lastIndexOf(':') + 1);

const applyRemoteAddress = (
  request: MessageHead,
  connection: Downstream,
  settings: HttpConnectionManagerSettings,
): ClientAddress => {
  const { remote } = connection;
  const { trustedHops } = settings;
  const before = request.get('x-forwarded-for');
  const trusted = trustedHops > 0 ? forwardedAddress(request, trustedHops - 1) : undefined;
  const address = trusted ?? remote;
  // Envoy calls a request internal only when nobody stands before us.
  const isInternal = before === undefined && isInternalAddress(remote);
  if (!settings.skipXffAppend) {
    request.set('x-forwarded-for', before === undefined ? remote : `${before},${remote}`);
  }
  if (trustedHops === 0 || !request.has('x-forwarded-proto')) {
    request.set('x-forwarded-proto', connection.isTls ? 'https' : 'http');
  }
  if (settings.appendForwardedPort) request.set('x-forwarded-port', portOf(connection.localLabel));
  markOrigin(request, address, isInternal);
  return { address, isInternal };
};

/**
 * Who asks, and what the request says about it (`use_remote_address`, `xff_num_trusted_hops`):
 * at the edge the client's word counts for nothing, inside it is kept.
 */
export const applyForwarding = (
  request: MessageHead,
  connection: Downstream,
  settings: HttpConnectionManagerSettings,
): ClientAddress => {
  if (settings.useRemoteAddress) return applyRemoteAddress(request, connection, settings);
  if (request.indexOf('x-forwarded-proto') < 0) {
    request.append('x-forwarded-proto', connection.isTls ? 'https' : 'http');
  }
  if (request.indexOf('x-forwarded-for') < 0) {
    return { address: connection.remote, isInternal: false };
  }
  const address = forwardedAddress(request, settings.trustedHops) ?? connection.remote;
  return { address, isInternal: isInternalAddress(address) };
};

/** Strangers do not decide what is traced. */
const withoutReason = (request: MessageHead, id: string): string => {
  if (readTraceReason(id) === 'not-traceable') return id;
  const plain = packTraceReason(id, 'not-traceable');
  request.set('x-request-id', plain);
  return plain;
};

/** Sets `x-request-id` unless one that may be trusted is there. Returns it. */
export const applyRequestId = (
  request: MessageHead,
  settings: HttpConnectionManagerSettings,
  isEdge: boolean,
  newId: () => string,
): string | undefined => {
  const line = request.indexOf('x-request-id');
  if (line >= 0 && !isEdge) return request.valueAt(line);
  if (line >= 0 && settings.preserveExternalRequestId) {
    return withoutReason(request, request.valueAt(line));
  }
  if (!settings.generateRequestId) return line >= 0 ? request.valueAt(line) : undefined;
  const id = newId();
  if (line >= 0) request.remove('x-request-id');
  request.append('x-request-id', id);
  return id;
};

/**
 * Tells a client that waits for it to go on: the proxy takes the body in any case. Other
 * expectations go upstream.
 */
export const answerExpectation = (connection: Downstream): void => {
  const { request } = connection;
  if ((request.flags & headFlag.expectContinue) === 0) return;
  if (!/^100-continue$/i.test(request.get('expect') ?? '')) return;
  if (!connection.isHttp10) connection.writeText('HTTP/1.1 100 Continue\r\n\r\n');
  request.remove('expect');
};
