import { create } from '@bufbuild/protobuf';
import type { Tracing_Http } from '@lateen/xds/gen/envoy/config/trace/v3/http_tracer_pb.js';
import {
  type HttpConnectionManager_Tracing,
  HttpConnectionManager_TracingSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import type { CustomTag } from '@lateen/xds/gen/envoy/type/tracing/v3/custom_tag_pb.js';
import { overTracing, type ProxyTracing } from '../input/proxy-tracing.ts';
import type { Telemetry } from '../input/telemetry.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import type { PushContext } from '../push-context/push-context.ts';
import type { Side } from './side.ts';
import { spanTags } from './span-tags.ts';
import { traceProvider, zipkinAt } from './trace-provider.ts';
import { type TracingSpec, tracingSpec } from './tracing-spec.ts';

/** What HTTP connection managers of one side are told of traces. */
export interface TracingSettings {
  /** Undefined: no spans. */
  readonly tracing: HttpConnectionManager_Tracing | undefined;
  /** The request id says whether a request is traced. */
  readonly useRequestIdForTraceSampling: boolean;
}

const allPercent = { value: 100 };

/** Percent of a proxy or the mesh; one above 100 is 1, as in Istio. */
const configuredSampling = (push: PushContext, { sampling }: ProxyTracing): number => {
  if (!sampling) return push.meshConfig.traceSampling;
  return sampling > 100 ? 1 : sampling;
};

const hcmTracing = (options: {
  readonly proxy: ProxyDescriptor;
  readonly tracer: Tracing_Http | undefined;
  readonly samplingPercent: number;
  readonly customTags: CustomTag[];
  readonly maxPathTagLength: number;
  readonly disableContextPropagation: boolean;
}): HttpConnectionManager_Tracing =>
  create(HttpConnectionManager_TracingSchema, {
    clientSampling: allPercent,
    overallSampling: allPercent,
    randomSampling: { value: options.samplingPercent },
    customTags: options.customTags,
    ...(options.tracer && { provider: options.tracer }),
    ...(options.maxPathTagLength > 0 && { maxPathTagLength: options.maxPathTagLength }),
    noContextPropagation: options.disableContextPropagation,
    // A gateway's span of its own call, apart from that of the request it took (default since 1.28).
    ...(options.tracer && options.proxy.type === 'router' && { spawnUpstreamSpan: true }),
  });

/** What MeshConfig said before there was Telemetry: `enableTracing` and `defaultConfig.tracing`. */
const byMeshConfig = (push: PushContext, proxy: ProxyDescriptor): TracingSettings => {
  if (!push.meshConfig.enableTracing) {
    return { tracing: undefined, useRequestIdForTraceSampling: true };
  }
  const own = overTracing(push.meshConfig.defaultTracing, proxy.tracing);
  return {
    tracing: hcmTracing({
      proxy,
      tracer: zipkinAt(push, own.zipkin?.address ?? ''),
      samplingPercent: configuredSampling(push, own),
      customTags: spanTags(proxy, own.customTags, own.enableIstioTags ?? true),
      maxPathTagLength: own.maxPathTagLength ?? 0,
      disableContextPropagation: false,
    }),
    useRequestIdForTraceSampling: true,
  };
};

const bySpec = (
  push: PushContext,
  proxy: ProxyDescriptor,
  spec: TracingSpec,
): HttpConnectionManager_Tracing | undefined => {
  if (spec.disabled || spec.provider === undefined) return undefined;
  const provider = traceProvider(push, spec.provider, proxy.nodeCluster);
  if (provider === undefined) return undefined;
  const own = overTracing(push.meshConfig.defaultTracing, proxy.tracing);
  const hasTags = (spec.customTags?.size ?? 0) > 0;
  return hcmTracing({
    proxy,
    tracer: provider.tracer,
    samplingPercent: spec.randomSamplingPercentage ?? configuredSampling(push, own),
    customTags: spanTags(proxy, hasTags ? spec.customTags : own.customTags, spec.enableIstioTags),
    maxPathTagLength: provider.maxTagLength || (own.maxPathTagLength ?? 0),
    disableContextPropagation: spec.disableContextPropagation,
  });
};

/** How one side of a proxy traces (Istio's `configureTracing`). */
export const tracingSettings = (
  push: PushContext,
  proxy: ProxyDescriptor,
  { telemetries, side }: { readonly telemetries: readonly Telemetry[]; readonly side: Side },
): TracingSettings => {
  const spec = tracingSpec(push.meshConfig, telemetries, side);
  if (spec === undefined) return byMeshConfig(push, proxy);
  const tracing = bySpec(push, proxy, spec);
  return {
    tracing,
    useRequestIdForTraceSampling: tracing === undefined || spec.useRequestIdForTraceSampling,
  };
};
