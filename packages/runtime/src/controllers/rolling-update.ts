/** Sizes of a rollout, as plain numbers: the arithmetic of `Deployment.spec.strategy.rollingUpdate`. */
export interface RolloutBounds {
  /** Pods that may exist above the wanted number. */
  readonly maxSurge: number;
  /** Pods that may be missing from the wanted number. */
  readonly maxUnavailable: number;
}

/** One ReplicaSet as the plan sees it. */
export interface ReplicaCount {
  /** `spec.replicas` */
  readonly wanted: number;
  /** `status.availableReplicas` */
  readonly available: number;
}

export interface RolloutPlan {
  /** New `spec.replicas` of the current template's set. */
  readonly current: number;
  /** New `spec.replicas` of the older sets, in the order given. */
  readonly old: readonly number[];
}

/** A count or a percentage of `total`; surge rounds up, unavailability down (Kubernetes' rule). */
const resolve = (value: number | string | undefined, total: number, up: boolean): number => {
  if (typeof value === 'number') return value;
  const share = (Number.parseFloat(value ?? '25%') / 100) * total;
  return up ? Math.ceil(share) : Math.floor(share);
};

export const rolloutBounds = (
  wanted: number,
  strategy: {
    readonly maxSurge?: number | string | undefined;
    readonly maxUnavailable?: number | string | undefined;
  } = {},
): RolloutBounds => {
  const maxSurge = resolve(strategy.maxSurge, wanted, true);
  const maxUnavailable = resolve(strategy.maxUnavailable, wanted, false);
  // Both zero could never move.
  return maxSurge === 0 && maxUnavailable === 0
    ? { maxSurge, maxUnavailable: 1 }
    : { maxSurge, maxUnavailable };
};

const sum = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0);

/** Takes up to `budget` away, first from the last sets, never more than `limit(set)` of each. */
const shrink = (
  counts: readonly number[],
  budget: number,
  limit: (index: number) => number,
): readonly number[] => {
  const result = [...counts];
  let left = budget;
  for (let index = result.length - 1; index >= 0 && left > 0; index -= 1) {
    const take = Math.min(left, limit(index), result[index] ?? 0);
    result[index] = (result[index] ?? 0) - take;
    left -= take;
  }
  return result;
};

/**
 * The next step of a rolling update: grow the current set as far as the surge allows, then take old
 * pods away as far as availability allows, those that serve nobody first.
 */
export const planRollingUpdate = (
  wanted: number,
  current: ReplicaCount,
  old: readonly ReplicaCount[],
  bounds: RolloutBounds,
): RolloutPlan => {
  const oldWanted = old.map((set) => set.wanted);
  const room = wanted + bounds.maxSurge - current.wanted - sum(oldWanted);
  const next =
    current.wanted > wanted
      ? wanted
      : current.wanted + Math.max(0, Math.min(room, wanted - current.wanted));
  const mustStay = wanted - bounds.maxUnavailable;
  const missing = Math.max(0, next - current.available);
  const idle = (index: number): number =>
    Math.max(0, (old[index]?.wanted ?? 0) - (old[index]?.available ?? 0));
  const idleBudget = Math.max(0, next + sum(oldWanted) - mustStay - missing);
  const withoutIdle = shrink(oldWanted, idleBudget, idle);
  const available = current.available + sum(old.map((set) => Math.min(set.available, set.wanted)));
  const result = shrink(
    withoutIdle,
    Math.max(0, available - mustStay),
    () => wanted + sum(oldWanted),
  );
  return { current: next, old: result };
};
