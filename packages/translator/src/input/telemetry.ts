import { type PolicyTarget, policyTargetFields } from './policy-target.ts';
import {
  boolean,
  durationMs,
  list,
  mapOf,
  message,
  number,
  type Reader,
  text,
  whenPresent,
  word,
} from './reader.ts';

const workloadModes = ['CLIENT_AND_SERVER', 'CLIENT', 'SERVER'] as const;

/** telemetry.istio.io WorkloadMode. Default CLIENT_AND_SERVER. */
export type WorkloadMode = (typeof workloadModes)[number];

interface ProviderReference {
  readonly name: string | undefined;
}

interface ModeMatch {
  readonly mode: WorkloadMode | undefined;
}

interface NamedSource {
  readonly name: string | undefined;
  readonly defaultValue: string | undefined;
}

/** telemetry.istio.io Tracing.CustomTag, and MeshConfig's: one member is set. */
export interface CustomTagInput {
  readonly literal: { readonly value: string | undefined } | undefined;
  readonly environment: NamedSource | undefined;
  readonly header: NamedSource | undefined;
  /** Command operators of access logs. */
  readonly formatter: { readonly value: string | undefined } | undefined;
}

/** telemetry.istio.io Tracing. What is undefined is left to what is less specific. */
export interface TracingSection {
  readonly match: ModeMatch | undefined;
  readonly providers: readonly ProviderReference[];
  readonly randomSamplingPercentage: number | undefined;
  readonly disableSpanReporting: boolean | undefined;
  readonly customTags: ReadonlyMap<string, CustomTagInput> | undefined;
  readonly useRequestIdForTraceSampling: boolean | undefined;
  readonly disableContextPropagation: boolean | undefined;
  readonly enableIstioTags: boolean | undefined;
}

/** telemetry.istio.io AccessLogging. */
export interface AccessLoggingSection {
  readonly match: ModeMatch | undefined;
  readonly providers: readonly ProviderReference[];
  readonly disabled: boolean | undefined;
  readonly filter: { readonly expression: string | undefined } | undefined;
}

/** telemetry.istio.io MetricsOverrides.TagOverride; `value` is CEL. */
export interface TagOverride {
  readonly operation: 'UPSERT' | 'REMOVE' | undefined;
  readonly value: string | undefined;
}

/** telemetry.istio.io MetricsOverrides. */
export interface MetricsOverrideInput {
  readonly match:
    | {
        readonly metric: string | undefined;
        readonly customMetric: string | undefined;
        readonly mode: WorkloadMode | undefined;
      }
    | undefined;
  readonly disabled: boolean | undefined;
  readonly tagOverrides: ReadonlyMap<string, TagOverride>;
}

/** telemetry.istio.io Metrics. */
export interface MetricsSection {
  readonly providers: readonly ProviderReference[];
  readonly overrides: readonly MetricsOverrideInput[];
  /** In milliseconds; for TCP. */
  readonly reportingInterval: number | undefined;
}

/** telemetry.istio.io Telemetry.spec. */
export interface Telemetry extends PolicyTarget {
  readonly tracing: readonly TracingSection[];
  readonly accessLogging: readonly AccessLoggingSection[];
  readonly metrics: readonly MetricsSection[];
}

const mode = word(workloadModes);
const match = message<ModeMatch>({ mode });
const providers = list(message<ProviderReference>({ name: text }));
const value = message<{ value: string | undefined }>({ value: text });
const named = message<NamedSource>({ name: text, defaultValue: text });

/** Tags by their name; undefined when nothing is said of tags. */
export const customTags: Reader<ReadonlyMap<string, CustomTagInput> | undefined> = whenPresent(
  mapOf(
    message<CustomTagInput>({
      literal: value,
      environment: named,
      header: named,
      formatter: value,
    }),
  ),
);

const override = message<MetricsOverrideInput>({
  match: message<NonNullable<MetricsOverrideInput['match']>>({
    metric: text,
    customMetric: text,
    mode,
  }),
  disabled: boolean,
  tagOverrides: mapOf(message<TagOverride>({ operation: word(['UPSERT', 'REMOVE']), value: text })),
});

/** Reads `spec` of a Telemetry of any version. */
export const telemetry: Reader<Telemetry | undefined> = message<Telemetry>({
  ...policyTargetFields,
  tracing: list(
    message<TracingSection>({
      match,
      providers,
      randomSamplingPercentage: number,
      disableSpanReporting: boolean,
      customTags,
      useRequestIdForTraceSampling: boolean,
      disableContextPropagation: boolean,
      enableIstioTags: boolean,
    }),
  ),
  accessLogging: list(
    message<AccessLoggingSection>({
      match,
      providers,
      disabled: boolean,
      filter: message<{ expression: string | undefined }>({ expression: text }),
    }),
  ),
  metrics: list(
    message<MetricsSection>({
      providers,
      overrides: list(override),
      reportingInterval: durationMs,
    }),
  ),
});
