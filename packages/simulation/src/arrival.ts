import type { ConnectionView, FilterChainTable, ListenerTable } from '@lateen/routing';
import type { ProxyDescriptor } from '@lateen/translator';
import { findCaller } from './caller.ts';
import type { SimulatedClient } from './client.ts';
import { type CompiledProxy, compiledProxyOf } from './compiled-proxy.ts';
import { chainName, inboundListener } from './connection.ts';
import { denialCause } from './denial-reason.ts';
import { endpointPlaces } from './endpoint-place.ts';
import { acceptView, portMode } from './handshake.ts';
import {
  clusterOfEndpoint,
  type FollowedInput,
  type Hop,
  optionsIn,
  workloadOfEndpoint,
} from './hop.ts';
import { hopView, type Sender, transportName } from './hop-view.ts';
import { decideHttp } from './http-decision.ts';
import { type MeshView, viewNamed } from './mesh-views.ts';
import { RequestState } from './policy-subject.ts';
import type { SimulatedRequest } from './request.ts';
import { decideNetworkSecurity } from './security-decision.ts';
import { because, say } from './sentence.ts';
import { certificateProblem, identityOf } from './server-certificate.ts';
import type { SimulatedArrival, SimulatedDestination } from './simulation.ts';

/** The request as the destination gets it. */
const sentRequest = (
  destination: SimulatedDestination,
  { request, client }: FollowedInput,
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
  { client = {} }: FollowedInput,
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
  ...{ mode: null, listener: null, filterChain: null, security: null, status: null },
  ...{ reason: '', cause: null },
  outcome: 'no-proxy',
} as const;

/** Whose proxy looks at the request. */
interface Receiver {
  readonly view: MeshView;
  readonly proxy: ProxyDescriptor;
  readonly compiled: CompiledProxy;
}

type Judged = Pick<SimulatedArrival, 'security' | 'outcome' | 'status' | 'reason' | 'cause'>;

/** Lets the request through the chain that takes it. */
const judgeChain = (
  chain: FilterChainTable,
  seen: ConnectionView,
  accepted: ReturnType<typeof acceptView>,
  parts: Hop & Receiver & { readonly client: SimulatedClient },
): Judged => {
  const { input, destination, sender, compiled, client, view, proxy } = parts;
  const { push, inputs, locate } = view;
  const security = { inputs, locate, client };
  const isTls = accepted.policy.peer !== undefined;
  if (chain.http !== undefined && input.request.scheme !== 'tcp') {
    const { decision } = decideHttp(chain.http, sentRequest(destination, input, sender), {
      ...{ push, compiled, locate, isTls, meshNamespace: undefined, security },
      places: endpointPlaces(view, input.views, proxy.network),
      areSeveral: input.views.areSeveral,
      originalDestination: `${seen.destinationAddress}:${seen.destinationPort}`,
      connection: accepted.policy,
    });
    const answered = decision.status !== null;
    return {
      security: decision.security,
      outcome: answered ? 'answered' : 'delivered',
      status: decision.status,
      ...because(denialCause(decision.security)),
    };
  }
  const state = new RequestState({
    head: undefined,
    headers: new Map(),
    connection: accepted.policy,
    remoteAddress: seen.sourceAddress,
  });
  const decided = decideNetworkSecurity(chain.filters, state, security);
  const outcome = decided.denial === null ? 'delivered' : 'refused';
  return {
    security: decided.security,
    outcome,
    status: null,
    ...because(denialCause(decided.security)),
  };
};

const describeListener = (
  listener: ListenerTable | undefined,
  view: ConnectionView,
  chain: FilterChainTable | undefined,
): Pick<SimulatedArrival, 'mode' | 'listener' | 'filterChain'> => ({
  mode: listener === undefined ? null : portMode(listener, view),
  listener: listener?.name ?? null,
  filterChain: chain === undefined ? null : chainName(chain),
});

type Received = Omit<SimulatedArrival, 'pod' | 'clusterId' | 'via' | 'workload' | 'transport'>;

const receive = (hop: Hop, view: MeshView): Received => {
  const { endpoint, transport, sender, input } = hop;
  const caller = { kind: 'inbound', workload: endpoint.pod } as const;
  const found = findCaller(caller, optionsIn(view, input)).value;
  if (found === undefined) return noProxy;
  const { proxy } = found;
  const compiled = compiledProxyOf(view.push, proxy);
  const seen = hopView(endpoint.address, transport, sender, input.request.scheme);
  const isMutual = transportName(transport) === 'mutual';
  const principal = isMutual
    ? identityOf(sender.proxy, input.views.own.push.meshConfig)
    : undefined;
  const listener = inboundListener({ compiled, proxy }, seen.destinationPort);
  const accepted = acceptView(listener, seen, { principal, isInside: true });
  const { chain } = accepted;
  const identity = identityOf(proxy, view.push.meshConfig);
  const parties = { caller: input.views.own, receiver: view, identity };
  const distrust = isMutual ? certificateProblem(transport, parties) : undefined;
  const refusal = accepted.refusal ?? (chain === undefined ? undefined : distrust);
  const described = describeListener(listener, seen, chain);
  if (chain === undefined || refusal !== undefined) {
    const cause = refusal ?? say('closedConnection', { reason: say('noFilterChain') });
    return { ...described, security: null, outcome: 'refused', status: null, ...because(cause) };
  }
  const client = clientOf(input, sender, seen, principal);
  const parts = { ...hop, view, proxy, compiled, client };
  return { ...described, ...judgeChain(chain, seen, accepted, parts) };
};

/** The request at the proxy of an endpoint; `via`: address of the gateway that it came through. */
export const arrive = (hop: Hop, via?: string): SimulatedArrival => {
  const { endpoint, transport, input } = hop;
  const clusterId = clusterOfEndpoint(endpoint, input);
  const view = viewNamed(input.views, clusterId);
  const unread = because(say('rulesUnread', { cluster: clusterId }));
  return {
    pod: endpoint.pod,
    ...(input.views.areSeveral && { clusterId }),
    ...(via !== undefined && { via }),
    workload: workloadOfEndpoint(endpoint, input),
    transport: transportName(transport),
    ...(view === undefined ? { ...noProxy, outcome: 'unknown', ...unread } : receive(hop, view)),
  };
};
