import type { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { MessageFields } from '../envoy/message-init.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';

type Fields = Pick<MessageFields<typeof ClusterSchema>, 'upstreamBindConfig'>;

/** Any address that leads to the destination. */
const anyAddress = '0.0.0.0';

/**
 * For destinations outside the mesh. Proxies that are bound to a loopback address connect from it
 * (their bootstrap says so), and from there nothing leads out of the machine.
 */
export const sourceOutside = ({ isBound }: Pick<OutboundClient, 'isBound'>): Fields =>
  isBound
    ? {
        upstreamBindConfig: {
          sourceAddress: { address: anyAddress, portSpecifier: { case: 'portValue', value: 0 } },
        },
      }
    : {};
