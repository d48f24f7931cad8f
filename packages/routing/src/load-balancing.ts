import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Cluster,
  type Cluster_CommonLbConfig,
  type Cluster_SlowStartConfig,
  Cluster_LbPolicy as LbPolicy,
  Cluster_RingHashLbConfig_HashFunction as RingHashFunction,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type {
  ConsistentHashingLbConfig,
  SlowStartConfig,
} from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js';
import { LeastRequestSchema } from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
import { MaglevSchema } from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
import { RandomSchema } from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
import {
  RingHash_HashFunction as PolicyHashFunction,
  RingHashSchema,
} from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
import { RoundRobinSchema } from '@lateen/xds/gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
import { holds, unpack } from './any-message.ts';
import type { ConsistentHashing, LoadBalancing, SlowStart } from './cluster-table.ts';
import { durationMs } from './duration.ts';
import type { Findings } from './findings.ts';

/** Envoy's defaults and bounds. */
const defaultRingSize = 1024;
const maxRingSize = 8_388_608;
const defaultTableSize = 65_537;
const maxTableSize = 5_000_011;
const defaultChoices = 2;
const defaultMinWeightPercent = 10;

const compileSlowStart = (
  config: Cluster_SlowStartConfig | SlowStartConfig | undefined,
): { slowStart?: SlowStart } => {
  const window = config?.slowStartWindow;
  if (window === undefined) return {};
  return {
    slowStart: {
      windowMs: durationMs(window),
      aggression: config?.aggression?.defaultValue || 1,
      minWeightPercent: config?.minWeightPercent?.value ?? defaultMinWeightPercent,
    },
  };
};

const compileHashing = (
  config:
    | Cluster_CommonLbConfig['consistentHashingLbConfig']
    | ConsistentHashingLbConfig
    | undefined,
): ConsistentHashing => ({
  useHostname: config?.useHostnameForHashing ?? false,
  ...(config?.hashBalanceFactor !== undefined && { hashBalanceFactor: config.hashBalanceFactor }),
});

interface RingSizes {
  readonly minimumRingSize?: bigint | undefined;
  readonly maximumRingSize?: bigint | undefined;
}

const compileRing = (
  sizes: RingSizes | undefined,
  murmur: boolean,
  hashing: ConsistentHashing,
  where: { readonly findings: Findings; readonly path: string },
): LoadBalancing => {
  const minimumRingSize = Number(sizes?.minimumRingSize ?? defaultRingSize);
  const maximumRingSize = Number(sizes?.maximumRingSize ?? maxRingSize);
  if (minimumRingSize > maximumRingSize || maximumRingSize > maxRingSize) {
    const message = `ring sizes must be ordered and at most ${maxRingSize}`;
    where.findings.error(where.path, 'FieldInvalid', message);
  }
  return {
    kind: 'ring-hash',
    minimumRingSize,
    maximumRingSize,
    hashFunction: murmur ? 'murmur-hash-2' : 'xx-hash',
    consistentHashing: hashing,
  };
};

const isPrime = (value: number): boolean => {
  if (value < 2) return false;
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (value % divisor === 0) return false;
  }
  return true;
};

const compileMaglev = (
  size: bigint | undefined,
  hashing: ConsistentHashing,
  findings: Findings,
  path: string,
): LoadBalancing => {
  const tableSize = Number(size ?? defaultTableSize);
  if (tableSize > maxTableSize || !isPrime(tableSize)) {
    findings.error(`${path}.table_size`, 'FieldInvalid', `must be a prime up to ${maxTableSize}`);
  }
  return { kind: 'maglev', tableSize, consistentHashing: hashing };
};

/** Decodes a policy of the newer, extensible form; undefined when its type is not known. */
const compileTypedPolicy = (
  any: Any,
  findings: Findings,
  path: string,
): LoadBalancing | undefined => {
  if (holds(any, RandomSchema)) return { kind: 'random' };
  if (holds(any, RoundRobinSchema)) {
    const policy = unpack(any, RoundRobinSchema, findings, path);
    return { kind: 'round-robin', ...compileSlowStart(policy?.slowStartConfig) };
  }
  if (holds(any, LeastRequestSchema)) {
    const policy = unpack(any, LeastRequestSchema, findings, path);
    return {
      kind: 'least-request',
      choiceCount: policy?.choiceCount ?? defaultChoices,
      activeRequestBias: policy?.activeRequestBias?.defaultValue ?? 1,
      ...compileSlowStart(policy?.slowStartConfig),
    };
  }
  if (holds(any, RingHashSchema)) {
    const policy = unpack(any, RingHashSchema, findings, path);
    const murmur = policy?.hashFunction === PolicyHashFunction.MURMUR_HASH_2;
    const hashing = compileHashing(policy?.consistentHashingLbConfig);
    return compileRing(policy, murmur, hashing, { findings, path });
  }
  if (holds(any, MaglevSchema)) {
    const policy = unpack(any, MaglevSchema, findings, path);
    const hashing = compileHashing(policy?.consistentHashingLbConfig);
    return compileMaglev(policy?.tableSize, hashing, findings, path);
  }
  return undefined;
};

/** The first policy of the list that is known, as Envoy has it. */
const compilePolicies = (cluster: Cluster, findings: Findings): LoadBalancing => {
  const policies = cluster.loadBalancingPolicy?.policies ?? [];
  for (const [index, { typedExtensionConfig }] of policies.entries()) {
    const any = typedExtensionConfig?.typedConfig;
    const path = `load_balancing_policy.policies[${index}]`;
    const policy = any && compileTypedPolicy(any, findings, path);
    if (policy !== undefined) return policy;
  }
  findings.error('load_balancing_policy', 'FieldUnsupported', 'none of the policies is known');
  return { kind: 'round-robin' };
};

const compileLeastRequest = (cluster: Cluster): LoadBalancing => {
  const config =
    cluster.lbConfig.case === 'leastRequestLbConfig' ? cluster.lbConfig.value : undefined;
  return {
    kind: 'least-request',
    choiceCount: config?.choiceCount ?? defaultChoices,
    activeRequestBias: config?.activeRequestBias?.defaultValue ?? 1,
    ...compileSlowStart(config?.slowStartConfig),
  };
};

const compileRingHash = (cluster: Cluster, findings: Findings): LoadBalancing => {
  const config = cluster.lbConfig.case === 'ringHashLbConfig' ? cluster.lbConfig.value : undefined;
  const sizes = config && {
    minimumRingSize: config.minimumRingSize,
    maximumRingSize: config.maximumRingSize,
  };
  const murmur = config?.hashFunction === RingHashFunction.MURMUR_HASH_2;
  const hashing = compileHashing(cluster.commonLbConfig?.consistentHashingLbConfig);
  return compileRing(sizes, murmur, hashing, { findings, path: 'ring_hash_lb_config' });
};

/** Compiles how endpoints are chosen, from `lb_policy` or `load_balancing_policy`. */
export const compileLoadBalancing = (cluster: Cluster, findings: Findings): LoadBalancing => {
  if (cluster.loadBalancingPolicy !== undefined) return compilePolicies(cluster, findings);
  switch (cluster.lbPolicy) {
    case LbPolicy.LEAST_REQUEST:
      return compileLeastRequest(cluster);
    case LbPolicy.RING_HASH:
      return compileRingHash(cluster, findings);
    case LbPolicy.MAGLEV: {
      const size =
        cluster.lbConfig.case === 'maglevLbConfig' ? cluster.lbConfig.value.tableSize : undefined;
      const hashing = compileHashing(cluster.commonLbConfig?.consistentHashingLbConfig);
      return compileMaglev(size, hashing, findings, 'maglev_lb_config');
    }
    case LbPolicy.RANDOM:
      return { kind: 'random' };
    case LbPolicy.CLUSTER_PROVIDED:
      return { kind: 'cluster-provided' };
    default: {
      const { lbConfig } = cluster;
      const config = lbConfig.case === 'roundRobinLbConfig' ? lbConfig.value : undefined;
      return { kind: 'round-robin', ...compileSlowStart(config?.slowStartConfig) };
    }
  }
};
