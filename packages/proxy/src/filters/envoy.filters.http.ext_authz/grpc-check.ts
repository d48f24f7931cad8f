import { create, fromBinary, type JsonObject, toBinary } from '@bufbuild/protobuf';
import type {
  CertificateIdentity,
  ExtAuthzSettings,
  GrpcAuthorization,
  StringMatch,
} from '@lateen/routing';
import type { HeaderValueOption } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  type CheckRequest,
  CheckRequestSchema,
  type CheckResponse,
  CheckResponseSchema,
} from '@lateen/xds/gen/envoy/service/auth/v3/external_auth_pb.js';
import type { Exchange } from '../../http/exchange.ts';
import { protocolName } from '../../http/protocol-name.ts';
import { connectionTls } from '../../tls/connection-tls.ts';
import { wallMs } from '../../wall-clock.ts';
import type { CallRequest, CallResult } from '../cluster-call.ts';
import { unaryAnswer, unaryRequest } from '../grpc-call.ts';
import { plainAddress } from '../policy-view.ts';
import type { SentBody } from './http-check.ts';
import { type AuthorizationOutcome, type HeaderChange, plainlyAllowed } from './outcome.ts';

const checkMethod = 'envoy.service.auth.v3.Authorization/Check';

/** `Address` of `address:port`. */
export const addressMessage = (label: string) => {
  const colon = label.lastIndexOf(':');
  const address = plainAddress(label.slice(0, colon));
  const portSpecifier = { case: 'portValue', value: Number(label.slice(colon + 1)) } as const;
  return {
    address: { case: 'socketAddress', value: { address, portSpecifier } } as const,
  };
};

/** Who a certificate names, as Envoy picks: a URI, else a DNS name, else the subject. */
export const principalOf = (identity: CertificateIdentity | undefined): string =>
  identity?.uriSans[0] ?? identity?.dnsSans[0] ?? identity?.subject ?? '';

const isSent = (name: string, settings: ExtAuthzSettings): boolean => {
  const matches = (list: readonly StringMatch[]): boolean =>
    list.some((match) => match.matches(name));
  if (matches(settings.disallowedHeaders)) return false;
  return settings.allowedHeaders.length === 0 || matches(settings.allowedHeaders);
};

/** Lines of one name are joined, as in Envoy's map of headers. */
const headerMap = (exchange: Exchange, settings: ExtAuthzSettings): Record<string, string> => {
  const map: Record<string, string> = {
    ':authority': exchange.authority,
    ':method': exchange.method,
    ':path': exchange.path,
    ':scheme': exchange.scheme,
  };
  for (const [name, value] of exchange.request.entries()) {
    if (name === 'host' || !isSent(name, settings)) continue;
    map[name] = Object.hasOwn(map, name) ? `${map[name]},${value}` : value;
  }
  return map;
};

const httpAttributes = (
  exchange: Exchange,
  settings: ExtAuthzSettings,
  body: SentBody | undefined,
) => {
  const isRaw = settings.body?.asBytes === true;
  const size = exchange.header('content-length');
  return {
    id: exchange.header('x-request-id') ?? '',
    method: exchange.method,
    headers: headerMap(exchange, settings),
    path: exchange.path,
    host: exchange.authority,
    scheme: exchange.scheme,
    size: BigInt(size !== undefined && /^\d{1,18}$/.test(size) ? size : -1),
    protocol: protocolName(exchange),
    ...(body !== undefined && !isRaw && { body: body.bytes.toString('utf8') }),
    ...(body !== undefined && isRaw && { rawBody: new Uint8Array(body.bytes) }),
  };
};

const metadataContext = (exchange: Exchange, namespaces: readonly string[]) => ({
  filterMetadata: Object.fromEntries(
    namespaces.flatMap((namespace) => {
      const value = exchange.dynamicMetadata(namespace, []);
      return value === undefined ? [] : [[namespace, value as JsonObject]];
    }),
  ),
});

/** The question about a request. */
export const checkRequest = (
  exchange: Exchange,
  settings: ExtAuthzSettings,
  parts: {
    readonly body: SentBody | undefined;
    readonly contextExtensions: Readonly<Record<string, string>>;
  },
): CheckRequest => {
  const { connection } = exchange;
  const tls = connection.tls === undefined ? undefined : connectionTls(connection.tls);
  const pem = settings.includePeerCertificate ? tls?.peer?.pem : undefined;
  const ms = wallMs(exchange.startMs);
  return create(CheckRequestSchema, {
    attributes: {
      source: {
        address: addressMessage(connection.remoteLabel),
        principal: principalOf(tls?.peer),
        service: exchange.header('x-envoy-downstream-service-cluster') ?? '',
        ...(pem !== undefined && { certificate: encodeURIComponent(pem) }),
      },
      destination: {
        address: addressMessage(connection.localLabel),
        principal: principalOf(tls?.local),
      },
      request: {
        time: { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.floor(ms % 1000) * 1_000_000 },
        http: httpAttributes(exchange, settings, parts.body),
      },
      contextExtensions: { ...parts.contextExtensions },
      ...(settings.metadataNamespaces.length > 0 && {
        metadataContext: metadataContext(exchange, settings.metadataNamespaces),
      }),
      ...(settings.includeTlsSession &&
        tls !== undefined && { tlsSession: { sni: tls.serverName } }),
    },
  });
};

/** A question as a call. */
export const checkCall = (
  message: CheckRequest,
  service: GrpcAuthorization,
): Omit<CallRequest, 'dice'> =>
  unaryRequest(checkMethod, toBinary(CheckRequestSchema, message), {
    authority: service.authority || service.cluster,
    timeoutMs: service.timeoutMs,
    metadata: service.initialMetadata.map(({ name, value }) => [name, value] as const),
  });

const changesOf = (options: readonly HeaderValueOption[]): readonly HeaderChange[] =>
  options.flatMap(({ header, append }) => {
    if (header === undefined) return [];
    const value = header.value || Buffer.from(header.rawValue).toString('latin1');
    return [{ name: header.key.toLowerCase(), value, append: append === true }];
  });

const forbidden = 403;

const responseOutcome = (response: CheckResponse): AuthorizationOutcome => {
  const metadata = response.dynamicMetadata;
  const { case: kind, value } = response.httpResponse;
  if (response.status?.code !== undefined && response.status.code !== 0) {
    const denied = kind === 'deniedResponse' ? value : undefined;
    return {
      kind: 'denied',
      status: denied?.status?.code || forbidden,
      headers: changesOf(denied?.headers ?? []),
      body: Buffer.from(denied?.body ?? '').toString('latin1'),
      metadata,
    };
  }
  const ok = kind === 'okResponse' ? value : undefined;
  if (ok === undefined) return { ...plainlyAllowed, metadata };
  return {
    kind: 'allowed',
    requestHeaders: changesOf(ok.headers),
    removedHeaders: ok.headersToRemove.map((name) => name.toLowerCase()),
    responseHeaders: changesOf(ok.responseHeadersToAdd),
    setParameters: ok.queryParametersToSet.map((one) => [one.key, one.value] as const),
    removedParameters: ok.queryParametersToRemove,
    metadata: metadata ?? ok.dynamicMetadata,
  };
};

/** What an answer means. */
export const grpcOutcome = (result: CallResult): AuthorizationOutcome => {
  const answer = unaryAnswer(result);
  if ('failure' in answer) return { kind: 'error', reason: answer.failure };
  try {
    return responseOutcome(fromBinary(CheckResponseSchema, answer.message));
  } catch (error) {
    return { kind: 'error', reason: error instanceof Error ? error.message : String(error) };
  }
};
