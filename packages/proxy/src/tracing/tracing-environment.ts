import { formatDiagnostic } from '@lateen/base';
import { compileBootstrapTracing } from '@lateen/routing';
import type { Bootstrap } from '@lateen/xds/gen/envoy/config/bootstrap/v3/bootstrap_pb.js';
import type { TracingEnvironment } from './listener-tracing.ts';
import { type TracerParts, Tracers } from './tracer.ts';

/** How long a stopping proxy waits for collectors to take its last spans. */
export const lastReportMs = 2_000;

type Parts = Omit<TracerParts, 'nodeCluster' | 'environment'> & {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
};

const readVariable = (name: string): string | undefined => process.env[name];

/** Tracing of a proxy: who it is, and the provider its bootstrap names (`tracing.http`), if any. */
export const createTracingEnvironment = (
  bootstrap: Bootstrap,
  { nowMs, ...parts }: Parts,
): TracingEnvironment => {
  const { value: provider, diagnostics } = compileBootstrapTracing(bootstrap.tracing);
  for (const diagnostic of diagnostics) {
    parts.log.warn('tracing of the bootstrap', { problem: formatDiagnostic(diagnostic) });
  }
  const { node } = bootstrap;
  return {
    tracers: new Tracers({
      ...parts,
      nodeCluster: node?.cluster ?? '',
      environment: readVariable,
    }),
    node: {
      id: node?.id ?? '',
      zone: node?.locality?.zone ?? '',
      environment: readVariable,
    },
    provider,
    stats: parts.stats,
    dice: parts.dice,
    nowMs,
  };
};
