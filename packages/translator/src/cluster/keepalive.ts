import type { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import type { ConnectionPool } from '../input/traffic-policy.ts';

const seconds = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.ceil(ms / 1000);

/** `connectionPool.tcp.tcpKeepalive` in Envoy's seconds; unset parts keep the system's. */
export const keepaliveFields = (
  pool: ConnectionPool | undefined,
): Pick<MessageFields<typeof ClusterSchema>, 'upstreamConnectionOptions'> => {
  const keepalive = pool?.tcp?.tcpKeepalive;
  if (keepalive === undefined) return {};
  const [time, interval] = [seconds(keepalive.time), seconds(keepalive.interval)];
  return {
    upstreamConnectionOptions: {
      tcpKeepalive: {
        ...(keepalive.probes !== undefined && { keepaliveProbes: keepalive.probes }),
        ...(time !== undefined && { keepaliveTime: time }),
        ...(interval !== undefined && { keepaliveInterval: interval }),
      },
    },
  };
};
