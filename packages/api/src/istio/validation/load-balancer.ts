import { fieldPath } from '../../schema/field-path.ts';
import type { ConsistentHash, LoadBalancerSettings, LocalityLbSetting } from '../load-balancer.ts';
import { checkExclusive } from './destination.ts';
import { checkDuration, checkPercent } from './field.ts';
import {
  deprecated,
  doubtful,
  type Findings,
  forEachItem,
  ifPresent,
  invalid,
  missing,
} from './finding.ts';

/** Envoy's limit of a Maglev table; it must be prime besides. */
const maglevTableLimit = 5_000_011;

const isPrime = (value: number): boolean => {
  if (value < 2) return false;
  for (let factor = 2; factor * factor <= value; factor++) if (value % factor === 0) return false;
  return true;
};

const checkTableSize = (size: number | undefined, path: string): Findings => {
  if (size === undefined || size === 0) return [];
  if (size >= maglevTableLimit)
    return [invalid(path, `table size ${size} must be below ${maglevTableLimit}`)];
  return isPrime(size) ? [] : [invalid(path, `table size ${size} must be a prime number`)];
};

const checkConsistentHash = (hash: ConsistentHash, path: string): Findings => {
  const { httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName } = hash;
  const found = [];
  if (hash.minimumRingSize !== undefined)
    found.push(
      deprecated(
        `${path}.minimumRingSize`,
        'minimumRingSize is deprecated: use ringHash.minimumRingSize',
      ),
    );
  const keys = [httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName];
  if (keys.every((key) => key === undefined || key === '' || key === false))
    found.push(doubtful(path, 'no hash key: requests are spread at random'));
  return [
    ...found,
    ...checkDuration(httpCookie?.ttl, `${path}.httpCookie.ttl`, { leastMs: 0 }),
    ...checkTableSize(hash.maglev?.tableSize, `${path}.maglev.tableSize`),
  ];
};

const checkWeights = (
  weights: Readonly<Record<string, number>> | undefined,
  path: string,
): Findings => {
  const entries = Object.entries(weights ?? {});
  const found = entries
    .filter(([, weight]) => weight < 1 || weight > 100)
    .map(([locality, weight]) =>
      invalid(fieldPath(path, locality), `locality weight ${weight} must be in the range 1..100`),
    );
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  return total === 100
    ? found
    : [...found, invalid(path, `total locality weight ${total} must be 100`)];
};

type Failover = NonNullable<LocalityLbSetting['failover']>[number];

const checkFailover = ({ from = '', to = '' }: Failover, path: string): Findings => {
  const found = [];
  if (from === to)
    found.push(invalid(`${path}.to`, 'failover must go from one region to a different one'));
  for (const [field, region] of [
    ['from', from],
    ['to', to],
  ] as const)
    if (/[/*]/.test(region))
      found.push(invalid(`${path}.${field}`, `"${region}" must be a region: no zone, no *`));
  return found;
};

const checkLocality = (setting: LocalityLbSetting, path: string): Findings => [
  ...checkExclusive(setting, path, ['distribute', 'failover', 'failoverPriority']),
  ...checkExclusive(setting, path, ['failover', 'failoverPriority']),
  ...forEachItem(setting.distribute, `${path}.distribute`, ({ from, to }, at) => [
    ...(from ? [] : [missing(`${at}.from`, 'name the locality the traffic comes from')]),
    ...checkWeights(to, `${at}.to`),
  ]),
  ...forEachItem(setting.failover, `${path}.failover`, checkFailover),
];

const checkWarmup = (lb: LoadBalancerSettings, path: string): Findings => {
  const { warmup, warmupDurationSecs, simple } = lb;
  const found = [];
  const warms = warmup !== undefined || warmupDurationSecs !== undefined;
  const suits = simple === 'ROUND_ROBIN' || simple === 'LEAST_REQUEST' || simple === undefined;
  if (warms && !(suits && lb.consistentHash === undefined))
    found.push(doubtful(path, 'warm-up works with ROUND_ROBIN and LEAST_REQUEST only'));
  if (warmupDurationSecs !== undefined)
    found.push(
      deprecated(
        `${path}.warmupDurationSecs`,
        'warmupDurationSecs is deprecated: use warmup.duration',
      ),
    );
  return [
    ...found,
    ...checkDuration(warmupDurationSecs, `${path}.warmupDurationSecs`),
    ...checkDuration(warmup?.duration, `${path}.warmup.duration`),
    ...checkPercent(warmup?.minimumPercent, `${path}.warmup.minimumPercent`),
    ...(warmup?.aggression !== undefined && warmup.aggression < 1
      ? [invalid(`${path}.warmup.aggression`, 'aggression must be at least 1')]
      : []),
  ];
};

/** Load balancer settings: hashing, locality weights, warm-up. */
export const checkLoadBalancer = (lb: LoadBalancerSettings, path: string): Findings => [
  ...(lb.simple === 'LEAST_CONN'
    ? [deprecated(`${path}.simple`, 'LEAST_CONN is deprecated: use LEAST_REQUEST')]
    : []),
  ...ifPresent(lb.consistentHash, (one) => checkConsistentHash(one, `${path}.consistentHash`)),
  ...ifPresent(lb.localityLbSetting, (one) => checkLocality(one, `${path}.localityLbSetting`)),
  ...checkWarmup(lb, path),
];
