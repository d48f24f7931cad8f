import type { HeaderValue } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { HttpService } from '@lateen/xds/gen/envoy/config/core/v3/http_service_pb.js';
import { durationMsOr } from './duration.ts';
import type { Findings } from './findings.ts';
import type { OtlpTarget } from './tracing-settings.ts';

const headerValues = (headers: readonly HeaderValue[]): OtlpTarget['headers'] =>
  headers.map(({ key, value }) => [key.toLowerCase(), value] as const);

/** Authority and path of a URI; a path of its own is a URI too. */
const partsOf = (uri: string): { readonly authority: string; readonly path: string } => {
  const rest = uri.replace(/^[a-z][a-z0-9+.-]*:\/\//i, '');
  const slash = rest.indexOf('/');
  if (slash < 0) return { authority: rest, path: '/' };
  return { authority: rest.slice(0, slash), path: rest.slice(slash) };
};

/** Where an HTTP service is (`envoy.config.core.v3.HttpService`); its cluster must be named. */
export const compileHttpTarget = (
  service: HttpService,
  findings: Findings,
  path: string,
): Extract<OtlpTarget, { readonly kind: 'http' }> => {
  const { httpUri } = service;
  const cluster = httpUri?.httpUpstreamType.value ?? '';
  if (cluster === '') findings.error(`${path}.http_uri.cluster`, 'FieldRequired', 'is required');
  const headers = service.requestHeadersToAdd.flatMap(({ header }) => header ?? []);
  return {
    kind: 'http',
    cluster,
    ...partsOf(httpUri?.uri ?? ''),
    timeoutMs: durationMsOr(httpUri?.timeout, 0),
    headers: headerValues(headers),
  };
};
