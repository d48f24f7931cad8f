import type { Health, HealthReason, HealthState } from '../contract/health.ts';

/** Kiali's default tolerances: shares of requests from which a state holds. */
const degradedErrorShare = 0.001;
const failingErrorShare = 0.1;
const degradedClientErrorShare = 0.1;
const failingClientErrorShare = 0.2;

const order: Readonly<Record<HealthState, number>> = {
  unknown: 0,
  idle: 1,
  healthy: 2,
  degraded: 3,
  failing: 4,
};

/** The worse of two states; what is unknown or idle says nothing. */
export const worseState = (left: HealthState, right: HealthState): HealthState =>
  order[left] >= order[right] ? left : right;

/** One look at something. */
export interface HealthFinding {
  readonly state: HealthState;
  readonly reasons: readonly HealthReason[];
}

/** Requests and their errors; shares are 0-1 of the requests. */
export interface RequestCounts {
  readonly requests: number;
  readonly errors: number;
  readonly clientErrors: number;
}

const percent = (share: number): number => Math.round(share * 1000) / 10;

/** What requests say: idle without any. */
export const requestHealth = ({ requests, errors, clientErrors }: RequestCounts): HealthFinding => {
  if (requests === 0) return { state: 'idle', reasons: [] };
  const errorShare = errors / requests;
  const clientShare = clientErrors / requests;
  const isFailing = errorShare >= failingErrorShare || clientShare >= failingClientErrorShare;
  const isDegraded = errorShare >= degradedErrorShare || clientShare >= degradedClientErrorShare;
  if (!isFailing && !isDegraded) return { state: 'healthy', reasons: [] };
  const isServer = errorShare >= degradedErrorShare;
  const share = percent(isServer ? errorShare : clientShare);
  const what = isServer ? 'fail (5xx or no answer)' : 'are refused (4xx)';
  const values = { percent: share, requests, class: isServer ? '5xx' : '4xx' };
  const message = `${share} % of ${requests} requests ${what}`;
  return {
    state: isFailing ? 'failing' : 'degraded',
    reasons: [{ code: 'error-share', message, values }],
  };
};

/** What ready parts of a whole say; nothing where nothing is wanted. */
export const readyHealth = (
  ready: number,
  wanted: number,
  code: 'replicas-missing' | 'endpoints-not-ready',
): HealthFinding => {
  if (wanted === 0) return { state: 'unknown', reasons: [] };
  if (ready >= wanted) return { state: 'healthy', reasons: [] };
  const noun = code === 'replicas-missing' ? 'pods' : 'endpoints';
  const isNone = ready === 0;
  return {
    state: isNone ? 'failing' : 'degraded',
    reasons: [
      {
        code: isNone && code === 'endpoints-not-ready' ? 'no-ready-endpoints' : code,
        message: `${ready} of ${wanted} ${noun} ready`,
        values: { ready, wanted },
      },
    ],
  };
};

/** The worst of what was found. Without requests, parts that are ready make it idle, not healthy. */
export const combineHealth = (
  traffic: HealthFinding,
  ...others: readonly HealthFinding[]
): Health => {
  const bad = others.filter(({ state }) => state === 'degraded' || state === 'failing');
  const state = bad.reduce<HealthState>(
    (worst, one) => worseState(worst, one.state),
    traffic.state,
  );
  return { state, reasons: [traffic, ...bad].flatMap(({ reasons }) => reasons) };
};
