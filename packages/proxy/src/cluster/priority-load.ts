/** What one priority has: numbers of endpoints. */
export interface PriorityCounts {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

/** Traffic of one priority. */
export interface PriorityLoad {
  /** Percent of all traffic for its healthy endpoints. */
  readonly healthy: number;
  /** Percent of all traffic for its degraded endpoints. */
  readonly degraded: number;
  /** Too few are healthy: health is ignored. */
  readonly panic: boolean;
}

const distribute = (
  availability: readonly number[],
  total: number,
  load: number,
): { readonly loads: number[]; readonly left: number } => {
  let left = load;
  const loads = availability.map((available) => {
    const part = Math.min(left, Math.floor((available * 100) / total));
    left -= part;
    return part;
  });
  return { loads, left };
};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

/** Nothing is fit anywhere: by numbers of endpoints alone. */
const panicLoads = (counts: readonly PriorityCounts[]): readonly PriorityLoad[] => {
  const total = sum(counts.map((count) => count.total));
  const loads = counts.map((count) => Math.floor((100 * count.total) / total));
  const first = loads.findIndex((load) => load > 0);
  const rest = 100 - sum(loads);
  return loads.map((load, at) => ({
    healthy: at === first ? load + rest : load,
    degraded: 0,
    panic: true,
  }));
};

/**
 * Envoy's `recalculatePerPriorityState`: traffic fills priorities from the highest down, each as far
 * as `healthy / total x overprovisioning` carries, healthy ones before degraded ones; whole percents,
 * and the first takes what rounding leaves. When all together cannot carry 100 %, shares are scaled
 * up, and priorities with less than `panicPercent` healthy ignore health.
 */
export const priorityLoads = (
  counts: readonly PriorityCounts[],
  overprovisioningPercent: number,
  panicPercent: number,
): readonly PriorityLoad[] => {
  const available = (fit: number, total: number): number =>
    total === 0 ? 0 : Math.min(100, Math.floor((overprovisioningPercent * fit) / total));
  const healthy = counts.map((count) => available(count.healthy, count.total));
  const degraded = counts.map((count) => available(count.degraded, count.total));
  const normalized = Math.min(100, sum(healthy) + sum(degraded));
  const panics = counts.map(({ total, healthy, degraded }) => {
    const fit = total === 0 ? 0 : (100 * (healthy + degraded)) / total;
    return normalized < 100 && fit < panicPercent;
  });
  if (counts.length > 0 && panics.every(Boolean)) return panicLoads(counts);
  if (normalized === 0) {
    return counts.map((_, at) => ({ healthy: at === 0 ? 100 : 0, degraded: 0, panic: false }));
  }
  const first = distribute(healthy, normalized, 100);
  const second = distribute(degraded, normalized, first.left);
  const toHealthy = first.loads.findIndex((load) => load > 0);
  const toDegraded = second.loads.findIndex((load) => load > 0);
  return counts.map((_, at) => ({
    healthy: (first.loads[at] ?? 0) + (at === toHealthy ? second.left : 0),
    degraded: (second.loads[at] ?? 0) + (toHealthy < 0 && at === toDegraded ? second.left : 0),
    panic: panics[at] ?? false,
  }));
};
