import type { ClusterTable, UpstreamTransport } from '@lateen/routing';
import { arrive } from './arrival.ts';
import type { CompiledProxy } from './compiled-proxy.ts';
import { clusterOfEndpoint, type FollowedInput, type Hop, workloadOfEndpoint } from './hop.ts';
import type { Sender } from './hop-view.ts';
import { passThrough } from './passage.ts';
import type { SimulatedDestination, SimulatedEndpoint } from './simulation.ts';

/** Workloads and gateways of a destination that are looked at. */
const maxLooks = 8;

/** What becomes of a request behind the proxy of its caller. */
export type Following = Pick<SimulatedDestination, 'gateways' | 'arrivals' | 'relays'>;

const nothing: Following = { gateways: [], arrivals: [], relays: [] };

/** The first endpoint of each workload, and every gateway. */
const representatives = (
  endpoints: readonly SimulatedEndpoint[],
  input: FollowedInput,
): readonly SimulatedEndpoint[] => {
  const seen = new Map<string, SimulatedEndpoint>();
  for (const endpoint of endpoints) {
    const { pod, address, isGateway = false } = endpoint;
    if (pod === '' && !isGateway) continue;
    const own = isGateway ? address : `${pod.split('/')[0]}/${workloadOfEndpoint(endpoint, input)}`;
    const key = `${clusterOfEndpoint(endpoint, input)} ${own}`;
    if (!seen.has(key)) seen.set(key, endpoint);
  }
  return [...seen.values()].slice(0, maxLooks);
};

/** Through a gateway, and on to the workloads behind it: the client's TLS goes all the way. */
const followGateway = (hop: Hop): Following => {
  const { passage, sourceAddress } = passThrough(hop);
  const sender = { ...hop.sender, sourceAddress };
  const behind = passage.outcome === 'passed' ? passage.endpoints : [];
  const arrivals = representatives(behind, hop.input)
    .filter(({ isGateway = false }) => !isGateway)
    .map((endpoint) => arrive({ ...hop, endpoint, sender }, passage.address));
  return { gateways: [passage], arrivals, relays: [] };
};

/** To a proxy: a gateway, from which the way goes on, or that of a workload. */
const followPod = (hop: Hop): Following => {
  const relayed = hop.input.relay?.(hop);
  return relayed === undefined
    ? { ...nothing, arrivals: [arrive(hop)] }
    : { ...nothing, relays: [relayed] };
};

const follow = (
  parts: Omit<Hop, 'endpoint' | 'transport'>,
  transportOf: (endpoint: SimulatedEndpoint) => UpstreamTransport,
): Following => {
  const ways = representatives(parts.destination.endpoints, parts.input).map((endpoint) => {
    const hop = { ...parts, endpoint, transport: transportOf(endpoint) };
    return endpoint.isGateway ? followGateway(hop) : followPod(hop);
  });
  return {
    gateways: ways.flatMap(({ gateways }) => gateways),
    arrivals: ways.flatMap(({ arrivals }) => arrivals),
    relays: ways.flatMap(({ relays }) => relays),
  };
};

const metadataOf = (
  cluster: ClusterTable,
  address: string,
  compiled: CompiledProxy,
): Readonly<Record<string, unknown>> =>
  compiled.endpoints(cluster)?.endpoints.find(({ key }) => key === address)?.metadata ?? {};

/** Follows what a proxy sends to a destination to the proxies there, one of each workload. */
export const followDestination = (
  destination: SimulatedDestination,
  sender: Sender & { readonly compiled: CompiledProxy },
  input: FollowedInput,
): Following => {
  const { compiled } = sender;
  const cluster = compiled.cluster(destination.cluster);
  if (cluster === undefined || destination.status !== null || !input.relay) return nothing;
  return follow({ destination, sender, input }, ({ address }) =>
    cluster.selectTransport(metadataOf(cluster, address, compiled)),
  );
};

/** The same of what a client without a proxy sends, in plaintext. */
export const followPlaintext = (
  destination: SimulatedDestination,
  sender: Sender,
  input: FollowedInput,
): Following => follow({ destination, sender, input }, () => ({ kind: 'plain' }));
