import type { ConnectionView, FilterChainTable, ListenerTable } from '@lateen/routing';
import type { ProxyDescriptor } from '@lateen/translator';
import { findCaller } from './caller.ts';
import { type CompiledProxy, compiledProxyOf } from './compiled-proxy.ts';
import { chainName, inboundListener } from './connection.ts';
import { denialCause } from './denial-reason.ts';
import { endpointPlaces } from './endpoint-place.ts';
import { portMode } from './handshake.ts';
import { clusterOfEndpoint, type Hop, optionsIn, workloadOfEndpoint } from './hop.ts';
import { connectHop, type HopConnection, sentRequest } from './hop-connection.ts';
import { transportName } from './hop-view.ts';
import { decideHttp } from './http-decision.ts';
import { type MeshView, viewNamed } from './mesh-views.ts';
import { RequestState } from './policy-subject.ts';
import { decideNetworkSecurity } from './security-decision.ts';
import { because, say } from './sentence.ts';
import type { SimulatedArrival } from './simulation.ts';

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
  { seen, policy, client }: HopConnection,
  parts: Hop & Receiver,
): Judged => {
  const { input, destination, sender, compiled, view, proxy } = parts;
  const { push, inputs, locate } = view;
  const security = { inputs, locate, client };
  const isTls = policy.peer !== undefined;
  if (chain.http !== undefined && input.request.scheme !== 'tcp') {
    const { decision } = decideHttp(chain.http, sentRequest(destination, input, sender), {
      ...{ push, compiled, locate, isTls, meshNamespace: undefined, security },
      places: endpointPlaces(view, input.views, proxy.network),
      areSeveral: input.views.areSeveral,
      originalDestination: `${seen.destinationAddress}:${seen.destinationPort}`,
      connection: policy,
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
    connection: policy,
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
  const { endpoint, input } = hop;
  const caller = { kind: 'inbound', workload: endpoint.pod } as const;
  const found = findCaller(caller, optionsIn(view, input)).value;
  if (found === undefined) return noProxy;
  const { proxy } = found;
  const compiled = compiledProxyOf(view.push, proxy);
  const listenerAt = (port: number) => inboundListener({ compiled, proxy }, port);
  const connection = connectHop(hop, { view, proxy, listenerAt });
  const { chain, refusal, seen } = connection;
  const described = describeListener(listenerAt(seen.destinationPort), seen, chain);
  if (chain === undefined || refusal !== undefined) {
    const cause = refusal ?? say('closedConnection', { reason: say('noFilterChain') });
    return { ...described, security: null, outcome: 'refused', status: null, ...because(cause) };
  }
  return { ...described, ...judgeChain(chain, connection, { ...hop, view, proxy, compiled }) };
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
