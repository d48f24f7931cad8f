import type {
  ClusterTable,
  ConnectionView,
  FilterChainTable,
  ListenerTable,
  UpstreamTransport,
} from '@lateen/routing';
import type { ProxyDescriptor, PushContext } from '@lateen/translator';
import { findCaller } from './caller.ts';
import type { SimulatedClient } from './client.ts';
import { type CompiledProxy, compiledProxyOf } from './compiled-proxy.ts';
import { chainName, inboundListener } from './connection.ts';
import { denialReason } from './denial-reason.ts';
import { acceptView, portMode } from './handshake.ts';
import { hopView, type Sender, transportName } from './hop-view.ts';
import { decideHttp } from './http-decision.ts';
import { RequestState } from './policy-subject.ts';
import type { SimulatedRequest } from './request.ts';
import { decideNetworkSecurity } from './security-decision.ts';
import type { SimulatedArrival, SimulatedDestination, SimulatedEndpoint } from './simulation.ts';
import type { SimulationInput } from './simulation-input.ts';

/** Workloads of a destination that are looked at. */
const maxWorkloads = 8;

type Input = SimulationInput & { readonly push: PushContext };

/** The first endpoint of each workload. */
const representatives = (
  { endpoints }: SimulatedDestination,
  push: PushContext,
): readonly SimulatedEndpoint[] => {
  const byWorkload = new Map<string, SimulatedEndpoint>();
  for (const endpoint of endpoints) {
    if (endpoint.pod === '') continue;
    const workload = push.workloads.get(endpoint.pod)?.name ?? endpoint.pod;
    const key = `${endpoint.pod.split('/')[0]}/${workload}`;
    if (!byWorkload.has(key)) byWorkload.set(key, endpoint);
  }
  return [...byWorkload.values()].slice(0, maxWorkloads);
};

const metadataOf = (
  cluster: ClusterTable,
  address: string,
  compiled: CompiledProxy,
): Readonly<Record<string, unknown>> =>
  compiled.endpoints(cluster)?.endpoints.find(({ key }) => key === address)?.metadata ?? {};

const identityOf = (
  { namespace, serviceAccount }: ProxyDescriptor,
  { meshConfig }: PushContext,
): string => `spiffe://${meshConfig.trustDomain}/ns/${namespace}/sa/${serviceAccount}`;

/** The request as the destination gets it. */
const sentRequest = (
  destination: SimulatedDestination,
  { request, client }: Input,
  { proxy }: Sender,
): SimulatedRequest => {
  const headers = new Map(request.headers);
  for (const { name, value } of destination.requestHeaders) {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  }
  // Gateways tell who called them.
  if (proxy.type === 'router') {
    const before = headers.get('x-forwarded-for');
    const address = client?.address;
    if (before === undefined && address !== undefined) headers.set('x-forwarded-for', address);
  }
  const { authority, path } = destination;
  return { ...request, scheme: 'http', authority, path, headers };
};

const clientOf = (
  { client = {} }: Input,
  { forwardsClaims }: Sender,
  view: ConnectionView,
  principal: string | undefined,
): SimulatedClient => {
  const { claims, verify, nowSeconds } = client;
  return {
    ...(principal !== undefined && { principal }),
    address: view.sourceAddress,
    ...(claims !== undefined && forwardsClaims && { claims }),
    ...(verify !== undefined && { verify }),
    ...(nowSeconds !== undefined && { nowSeconds }),
  };
};

const noProxy = {
  ...{ mode: null, listener: null, filterChain: null, security: null, status: null, reason: '' },
  outcome: 'no-proxy',
} as const;

interface Hop {
  readonly destination: SimulatedDestination;
  readonly endpoint: SimulatedEndpoint;
  readonly transport: UpstreamTransport;
  readonly sender: Sender;
  readonly input: Input;
}

type Judged = Pick<SimulatedArrival, 'security' | 'outcome' | 'status' | 'reason'>;

/** Lets the request through the chain that takes it. */
const judgeChain = (
  chain: FilterChainTable,
  view: ConnectionView,
  accepted: ReturnType<typeof acceptView>,
  parts: Hop & { readonly compiled: CompiledProxy; readonly client: SimulatedClient },
): Judged => {
  const { input, destination, sender, compiled, client } = parts;
  const { push, inputs, locate = () => undefined } = input;
  const security = { inputs, locate, client };
  const isTls = accepted.policy.peer !== undefined;
  if (chain.http !== undefined && input.request.scheme !== 'tcp') {
    const { decision } = decideHttp(chain.http, sentRequest(destination, input, sender), {
      ...{ push, compiled, locate, isTls, meshNamespace: undefined, security },
      originalDestination: `${view.destinationAddress}:${view.destinationPort}`,
      connection: accepted.policy,
    });
    const answered = decision.status !== null;
    return {
      security: decision.security,
      outcome: answered ? 'answered' : 'delivered',
      status: decision.status,
      reason: denialReason(decision.security),
    };
  }
  const state = new RequestState({
    head: undefined,
    headers: new Map(),
    connection: accepted.policy,
    remoteAddress: view.sourceAddress,
  });
  const decided = decideNetworkSecurity(chain.filters, state, security);
  const outcome = decided.denial === null ? 'delivered' : 'refused';
  return {
    security: decided.security,
    outcome,
    status: null,
    reason: denialReason(decided.security),
  };
};

const findReceiver = (pod: string, input: Input) =>
  findCaller(
    { kind: 'inbound', workload: pod },
    {
      push: input.push,
      inputs: input.inputs,
      interceptionMode: input.interceptionMode ?? 'REDIRECT',
      live: input.live ?? false,
      certificates: input.certificates ?? true,
    },
  ).value;

const describeListener = (
  listener: ListenerTable | undefined,
  view: ConnectionView,
  chain: FilterChainTable | undefined,
): Pick<SimulatedArrival, 'mode' | 'listener' | 'filterChain'> => ({
  mode: listener === undefined ? null : portMode(listener, view),
  listener: listener?.name ?? null,
  filterChain: chain === undefined ? null : chainName(chain),
});

const arrive = (hop: Hop, workload: string): SimulatedArrival => {
  const { endpoint, transport, sender, input } = hop;
  const { push, request } = input;
  const kind = transportName(transport);
  const common = { pod: endpoint.pod, workload, transport: kind };
  const found = findReceiver(endpoint.pod, input);
  if (found === undefined) return { ...common, ...noProxy };
  const compiled = compiledProxyOf(push, found.proxy);
  const view = hopView(endpoint.address, transport, sender, request.scheme);
  const principal = kind === 'mutual' ? identityOf(sender.proxy, push) : undefined;
  const listener = inboundListener({ compiled, proxy: found.proxy }, view.destinationPort);
  const accepted = acceptView(listener, view, { principal, isInside: true });
  const { chain, refusal } = accepted;
  const seen = { ...common, ...describeListener(listener, view, chain) };
  if (chain === undefined || refusal !== undefined) {
    const reason = refusal ?? 'a closed connection: no filter chain takes it';
    return { ...seen, security: null, outcome: 'refused', status: null, reason };
  }
  const client = clientOf(input, sender, view, principal);
  return { ...seen, ...judgeChain(chain, view, accepted, { ...hop, compiled, client }) };
};

const arriveAtEach = (
  destination: SimulatedDestination,
  sender: Sender,
  input: Input,
  transportOf: (endpoint: SimulatedEndpoint) => UpstreamTransport,
): readonly SimulatedArrival[] =>
  representatives(destination, input.push).map((endpoint) => {
    const workload = input.push.workloads.get(endpoint.pod)?.name ?? endpoint.pod;
    const transport = transportOf(endpoint);
    return arrive({ destination, endpoint, transport, sender, input }, workload);
  });

/** Follows what a proxy sends to a destination to the proxies there, one of each workload. */
export const arrivalsOf = (
  destination: SimulatedDestination,
  sender: Sender & { readonly compiled: CompiledProxy },
  input: Input,
): readonly SimulatedArrival[] => {
  const { compiled } = sender;
  const cluster = compiled.cluster(destination.cluster);
  if (cluster === undefined || destination.status !== null) return [];
  return arriveAtEach(destination, sender, input, ({ address }) =>
    cluster.selectTransport(metadataOf(cluster, address, compiled)),
  );
};

/** The same of what a client without a proxy sends, in plaintext. */
export const plaintextArrivals = (
  destination: SimulatedDestination,
  sender: Sender,
  input: Input,
): readonly SimulatedArrival[] =>
  arriveAtEach(destination, sender, input, () => ({ kind: 'plain' }));
