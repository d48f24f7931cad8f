import type { CertificatePem } from '../tls/secure-context.ts';
import { firstExpiryMs } from './certificate-expiry.ts';
import type { Counter } from './metric.ts';
import type { StatsRegistry } from './registry.ts';

/** Microseconds of a second. */
const second = 1_000_000;

/** Names of processes, as Prometheus' client libraries write them, with the prefix of Istio's agent. */
const processPrefix = 'istio_agent_process';

/** What is asked whenever somebody looks. */
export interface AgentFacts {
  readonly certificates: () => readonly CertificatePem[];
}

/**
 * `istio_agent_*`: what Istio's agent tells of itself beside Envoy, as far as dashboards ask. Agent and
 * proxy are one process here, so its numbers are those of both. Gives the counter of scrapes.
 */
export const watchAgent = (registry: StatsRegistry, facts: AgentFacts): Counter => {
  const cpu = registry.counter(`${processPrefix}_cpu_seconds_total`);
  const memory = registry.gauge(`${processPrefix}_resident_memory_bytes`);
  const virtual = registry.gauge(`${processPrefix}_heap_bytes`);
  registry.gauge(`${processPrefix}_start_time_seconds`).value = performance.timeOrigin / 1000;
  const expiry = { resource_name: 'default' };
  registry.beforeRead(() => {
    const endMs = firstExpiryMs(facts.certificates());
    if (endMs !== undefined) {
      const seconds = (endMs - Date.now()) / 1000;
      registry.gauge('istio_agent_cert_expiry_seconds', expiry).value = seconds;
    }
    const { user, system } = process.cpuUsage();
    cpu.value = (user + system) / second;
    const { rss, heapTotal } = process.memoryUsage();
    memory.value = rss;
    virtual.value = heapTotal;
  });
  return registry.counter('istio_agent_scrapes_total');
};
