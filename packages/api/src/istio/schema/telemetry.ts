import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  boolean,
  double,
  extend,
  mapOf,
  nonEmptyString,
  nullable,
  object,
  oneOfStrings,
  string,
} from '../../schema/combinators.ts';
import type {
  MetricsOverride,
  ProviderRef,
  TelemetryAccessLogging,
  TelemetryMetrics,
  TelemetrySpec,
  TelemetryTracing,
  TracingTag,
} from '../telemetry.ts';
import { durationSchema, policyTargetProperties } from './part.ts';

const providers = array(object<ProviderRef>({ name: nonEmptyString }, ['name']));
const mode = oneOfStrings('CLIENT_AND_SERVER', 'CLIENT', 'SERVER');
const modeMatch = object<{ mode: unknown }>({ mode });

const value = object<{ value: string }>({ value: nonEmptyString }, ['value']);
const named = object<{ name: string; defaultValue: string }>(
  { name: nonEmptyString, defaultValue: string },
  ['name'],
);

const tag = extend(
  object<TracingTag>({ literal: value, environment: named, header: named, formatter: value }),
  atMostOneOf('literal', 'environment', 'header', 'formatter'),
);

const tracing = object<TelemetryTracing>({
  match: modeMatch,
  providers,
  randomSamplingPercentage: nullable(extend(double, { minimum: 0, maximum: 100 })),
  disableSpanReporting: nullable(boolean),
  customTags: mapOf(tag),
  useRequestIdForTraceSampling: nullable(boolean),
  enableIstioTags: nullable(boolean),
  disableContextPropagation: nullable(boolean),
});

const override = object<MetricsOverride>({
  match: extend(
    object<NonNullable<MetricsOverride['match']>>({
      metric: oneOfStrings(
        'ALL_METRICS',
        'REQUEST_COUNT',
        'REQUEST_DURATION',
        'REQUEST_SIZE',
        'RESPONSE_SIZE',
        'TCP_OPENED_CONNECTIONS',
        'TCP_CLOSED_CONNECTIONS',
        'TCP_SENT_BYTES',
        'TCP_RECEIVED_BYTES',
        'GRPC_REQUEST_MESSAGES',
        'GRPC_RESPONSE_MESSAGES',
      ),
      customMetric: nonEmptyString,
      mode,
    }),
    atMostOneOf('metric', 'customMetric'),
  ),
  disabled: nullable(boolean),
  tagOverrides: mapOf(
    object<{ operation: unknown; value: string }>({
      operation: oneOfStrings('UPSERT', 'REMOVE'),
      value: string,
    }),
  ),
});

/** `spec` of telemetry.istio.io Telemetry. */
export const telemetrySpecSchema: JsonSchema = extend(
  object<TelemetrySpec>({
    ...policyTargetProperties,
    tracing: array(tracing),
    metrics: array(
      object<TelemetryMetrics>({
        providers,
        overrides: array(override),
        reportingInterval: durationSchema,
      }),
    ),
    accessLogging: array(
      object<TelemetryAccessLogging>({
        match: modeMatch,
        providers,
        disabled: nullable(boolean),
        filter: object<{ expression: string }>({ expression: string }),
      }),
    ),
  }),
  atMostOneOf('selector', 'targetRefs', 'targetRef'),
);
