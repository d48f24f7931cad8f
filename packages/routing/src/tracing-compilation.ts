import type { Any } from '@bufbuild/protobuf/wkt';
import type { Checked } from '@lateen/base';
import type { Tracing as RouteTracingMessage } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { Tracing } from '@lateen/xds/gen/envoy/config/trace/v3/http_tracer_pb.js';
import type { HttpConnectionManager } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { UuidRequestIdConfigSchema } from '@lateen/xds/gen/envoy/extensions/request_id/uuid/v3/uuid_pb.js';
import type { Percent } from '@lateen/xds/gen/envoy/type/v3/percent_pb.js';
import { holds, unpack } from './any-message.ts';
import { compileCustomTags } from './custom-tag.ts';
import { Findings } from './findings.ts';
import { allMillionths, millionths } from './fraction.ts';
import type { Millionths } from './request-head.ts';
import { compileTracingProvider } from './tracing-provider.ts';
import type { RouteTracing, TracingProvider, TracingSettings } from './tracing-settings.ts';

/** Envoy's default of `max_path_tag_length`. */
const defaultPathCharacters = 256;

/** A percentage in steps of a hundredth, as Envoy rounds it; absent: all. */
const percentMillionths = (
  percent: Percent | undefined,
  findings: Findings,
  path: string,
): Millionths => {
  if (percent === undefined) return allMillionths;
  const { value } = percent;
  if (!(value >= 0 && value <= 100)) {
    findings.error(`${path}.value`, 'FieldInvalid', `must be in [0, 100]: ${value}`);
    return allMillionths;
  }
  return Math.round(value * 100) * 100;
};

/** `request_id_extension`: what the request id has to do with sampling. */
const compileRequestId = (
  any: Any | undefined,
  findings: Findings,
  path: string,
): Pick<TracingSettings, 'usesRequestId' | 'packsReason'> => {
  const isKnown = any !== undefined && holds(any, UuidRequestIdConfigSchema);
  const config = isKnown ? unpack(any, UuidRequestIdConfigSchema, findings, path) : undefined;
  return {
    usesRequestId: config?.useRequestIdForTraceSampling ?? true,
    packsReason: config?.packTraceReason ?? true,
  };
};

/** Compiles `tracing` of a connection manager; undefined: nothing is traced. */
export const compileTracing = (
  { tracing, requestIdExtension }: HttpConnectionManager,
  findings: Findings,
  path: string,
): TracingSettings | undefined => {
  if (tracing === undefined) return undefined;
  const at = `${path}.tracing`;
  const rate = (percent: Percent | undefined, field: string): Millionths =>
    percentMillionths(percent, findings, `${at}.${field}`);
  const idPath = `${path}.request_id_extension.typed_config`;
  return {
    provider: compileTracingProvider(tracing.provider, findings, `${at}.provider`),
    rates: {
      client: rate(tracing.clientSampling, 'client_sampling'),
      random: rate(tracing.randomSampling, 'random_sampling'),
      overall: rate(tracing.overallSampling, 'overall_sampling'),
    },
    verbose: tracing.verbose,
    maxPathCharacters: tracing.maxPathTagLength ?? defaultPathCharacters,
    customTags: compileCustomTags(tracing.customTags, findings, `${at}.custom_tags`),
    spawnsUpstreamSpan: tracing.spawnUpstreamSpan ?? false,
    propagatesContext: !tracing.noContextPropagation,
    ...compileRequestId(requestIdExtension?.typedConfig, findings, idPath),
  };
};

/** Compiles the provider that a bootstrap names for listeners that name none. */
export const compileBootstrapTracing = (
  message: Tracing | undefined,
): Checked<TracingProvider | undefined> => {
  const findings = new Findings();
  return findings.checked(compileTracingProvider(message?.http, findings, 'tracing.http'));
};

/** Compiles `tracing` of a route. */
export const compileRouteTracing = (
  message: RouteTracingMessage,
  findings: Findings,
  path: string,
): RouteTracing => ({
  rates: {
    client: millionths(message.clientSampling, allMillionths),
    random: millionths(message.randomSampling, allMillionths),
    overall: millionths(message.overallSampling, allMillionths),
  },
  customTags: compileCustomTags(message.customTags, findings, `${path}.custom_tags`),
});
