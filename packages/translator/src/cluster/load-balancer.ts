import {
  Cluster_LbPolicy,
  type ClusterSchema,
} from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import type { ConsistentHash, LoadBalancer, Warmup } from '../input/traffic-policy.ts';

/** The part of a cluster that says how it picks endpoints. */
export type LoadBalancerFields = Pick<MessageFields<typeof ClusterSchema>, 'lbPolicy' | 'lbConfig'>;

/** Istio's default ring, larger than Envoy's need for few endpoints: better spread. */
const defaultRingSize = 1024;

const slowStart = ({ duration: windowMs = 0, minimumPercent = 10, aggression = 1 }: Warmup) => ({
  slowStartConfig: {
    slowStartWindow: duration(windowMs),
    aggression: { defaultValue: aggression, runtimeKey: '' },
    minWeightPercent: { value: minimumPercent },
  },
});

const warmupOf = (lb: LoadBalancer | undefined): Warmup | undefined => {
  if (lb?.warmup !== undefined) return lb.warmup;
  if (lb?.warmupDurationSecs === undefined) return undefined;
  return { duration: lb.warmupDurationSecs, minimumPercent: undefined, aggression: undefined };
};

const consistentHash = ({
  maglev,
  ringHash,
  minimumRingSize,
}: ConsistentHash): LoadBalancerFields => {
  if (maglev !== undefined) {
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      lbConfig: {
        case: 'maglevLbConfig',
        value: maglev.tableSize ? { tableSize: BigInt(maglev.tableSize) } : {},
      },
    };
  }
  const size = ringHash?.minimumRingSize || minimumRingSize || defaultRingSize;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(size) } },
  };
};

/** LEAST_REQUEST unless the rule says otherwise; LEAST_CONN is its old name. */
export const loadBalancerFields = (lb: LoadBalancer | undefined): LoadBalancerFields => {
  if (lb?.consistentHash !== undefined) return consistentHash(lb.consistentHash);
  const warmup = warmupOf(lb);
  switch (lb?.simple) {
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'PASSTHROUGH':
      return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED };
    case 'ROUND_ROBIN':
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(warmup && { lbConfig: { case: 'roundRobinLbConfig', value: slowStart(warmup) } }),
      };
    default:
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(warmup && { lbConfig: { case: 'leastRequestLbConfig', value: slowStart(warmup) } }),
      };
  }
};
