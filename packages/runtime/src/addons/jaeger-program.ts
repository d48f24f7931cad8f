import type { RealAddon } from './real-addon.ts';

/** Settings of Jaeger's listeners and the ports they have by custom; versions that lack one pass over it. */
const listeners: Readonly<Record<string, number>> = {
  COLLECTOR_OTLP_GRPC_HOST_PORT: 4_317,
  COLLECTOR_OTLP_HTTP_HOST_PORT: 4_318,
  COLLECTOR_ZIPKIN_HOST_PORT: 9_411,
  COLLECTOR_GRPC_SERVER_HOST_PORT: 14_250,
  COLLECTOR_HTTP_SERVER_HOST_PORT: 14_268,
  QUERY_GRPC_SERVER_HOST_PORT: 16_685,
  QUERY_HTTP_SERVER_HOST_PORT: 16_686,
  ADMIN_HTTP_HOST_PORT: 14_269,
  // The agent's, which is in the same program until 1.64.
  HTTP_SERVER_HOST_PORT: 5_778,
  PROCESSOR_ZIPKIN_COMPACT_SERVER_HOST_PORT: 5_775,
  PROCESSOR_JAEGER_COMPACT_SERVER_HOST_PORT: 6_831,
  PROCESSOR_JAEGER_BINARY_SERVER_HOST_PORT: 6_832,
  REPORTER_GRPC_HOST_PORT: 14_250,
};

/** Traces kept in memory where the container does not say how many: Jaeger's own bound is none. */
const defaultMaxTraces = '50000';

/** A real Jaeger 1 with all its parts in one process, on the pod's address; its traces end with the pod. */
export const realJaeger: RealAddon = {
  programs: ['jaeger-all-in-one'],
  prepare: async (program, { container, addresses: { podAddress } }) => ({
    command: [program],
    args: container.args ?? [],
    env: {
      SPAN_STORAGE_TYPE: 'memory',
      COLLECTOR_OTLP_ENABLED: 'true',
      MEMORY_MAX_TRACES:
        container.env?.find(({ name }) => name === 'MEMORY_MAX_TRACES')?.value ?? defaultMaxTraces,
      ...Object.fromEntries(
        Object.entries(listeners).map(([name, port]) => [name, `${podAddress}:${port}`]),
      ),
    },
  }),
};
