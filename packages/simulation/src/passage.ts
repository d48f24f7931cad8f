import { hostIsWithin } from '@lateen/api';
import type { FilterChainTable, ListenerTable, PolicyConnection } from '@lateen/routing';
import type { ProxyDescriptor } from '@lateen/translator';
import { findRouter } from './caller.ts';
import { decideCluster } from './cluster-decision.ts';
import { type CompiledProxy, compiledProxyOf } from './compiled-proxy.ts';
import { boundListener, chainName } from './connection.ts';
import { denialCause } from './denial-reason.ts';
import { endpointPlaces } from './endpoint-place.ts';
import { type Entrance, findEntrance } from './entrance.ts';
import { acceptView } from './handshake.ts';
import { clusterOfEndpoint, type Hop, optionsIn } from './hop.ts';
import { hopView } from './hop-view.ts';
import { type MeshView, viewNamed } from './mesh-views.ts';
import { RequestState } from './policy-subject.ts';
import { objectPlace } from './rule-origin.ts';
import { decideNetworkSecurity } from './security-decision.ts';
import { because, type Sentence, say } from './sentence.ts';
import type { ObjectOrigin, SimulatedPassage } from './simulation.ts';

/** A passage, and the address that the destination sees. */
export interface Passed {
  readonly passage: SimulatedPassage;
  readonly sourceAddress: string;
}

const splitAddress = (address: string): { readonly host: string; readonly port: number } => {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};

/** `outbound_.9080_.v2_.reviews.default.global` is served by `*.global`, whatever namespaces it is for. */
const isServed = (serverName: string, host: string): boolean =>
  hostIsWithin(serverName.replace(/^.*_\./, ''), host.slice(host.indexOf('/') + 1));

/** The Gateway that asks for the passage. */
const passthroughOrigin = (
  { push, locate }: MeshView,
  { labels }: ProxyDescriptor,
  serverName: string,
): ObjectOrigin | null => {
  for (const { namespace, name, spec } of push.gateways) {
    if (![...spec.selector].every(([key, value]) => labels.get(key) === value)) continue;
    const index = spec.servers.findIndex(
      ({ tls, hosts }) =>
        tls?.mode === 'AUTO_PASSTHROUGH' && hosts.some((host) => isServed(serverName, host)),
    );
    if (index < 0) continue;
    return objectPlace({ kind: 'Gateway', namespace, name }, `spec.servers[${index}]`, locate);
  }
  return null;
};

const closed = (reason: Sentence): Sentence => say('closedConnection', { reason });

const notPassed = (serverName: string): Sentence =>
  closed(
    serverName === '' ? say('gatewayTakesMeshOnly') : say('noGatewayPasses', { name: serverName }),
  );

interface GatewayParts {
  readonly view: MeshView;
  readonly proxy: ProxyDescriptor;
  readonly compiled: CompiledProxy;
  readonly listener: ListenerTable;
  readonly chain: FilterChainTable;
  readonly policy: PolicyConnection;
  readonly target: string;
}

type Decided = Pick<
  SimulatedPassage,
  | 'filterChain'
  | 'origin'
  | 'passesTo'
  | 'destinationRule'
  | 'endpoints'
  | 'outcome'
  | 'reason'
  | 'cause'
>;

const refusalOf = (
  { view, chain, policy, target }: GatewayParts,
  endpoints: SimulatedPassage['endpoints'],
): Sentence | null => {
  const state = new RequestState({
    ...{ head: undefined, headers: new Map(), connection: policy },
    remoteAddress: policy.sourceAddress,
  });
  const context = { inputs: view.inputs, locate: view.locate, client: {} };
  const denied = denialCause(decideNetworkSecurity(chain.filters, state, context).security);
  if (denied !== null) return closed(denied);
  return endpoints.length > 0 ? null : closed(say('clusterWithoutEndpoint', { cluster: target }));
};

const decidePassage = (parts: GatewayParts, { input, endpoint }: Hop): Decided => {
  const { view, proxy, compiled, chain, policy, target } = parts;
  const decided = decideCluster(target, {
    ...{ push: view.push, compiled, locate: view.locate, areSeveral: input.views.areSeveral },
    places: endpointPlaces(view, input.views, proxy.network),
    ...{ originalDestination: endpoint.address, notFoundStatus: 0 },
  });
  const refusal = refusalOf(parts, decided.endpoints);
  return {
    filterChain: chainName(chain),
    origin: passthroughOrigin(view, proxy, policy.serverName),
    passesTo: target,
    destinationRule: decided.destinationRule,
    endpoints: decided.endpoints,
    outcome: refusal === null ? 'passed' : 'refused',
    ...because(refusal),
  };
};

const undecided: Decided = {
  ...{ filterChain: null, origin: null, passesTo: null, destinationRule: null, endpoints: [] },
  ...{ outcome: 'refused', reason: '', cause: null },
};

const enter = (hop: Hop, { view, pod, port, network }: Entrance): Passed => {
  const { endpoint, transport, sender, input } = hop;
  const serverName = transport.kind === 'tls' ? transport.tls.serverName : '';
  const { address } = endpoint;
  const called = { address, clusterId: view.clusterId, network, serverName };
  const refused = (cause: Sentence, pod = '', listener: string | null = null): Passed => ({
    passage: { ...called, ...undecided, pod, listener, ...because(cause) },
    sourceAddress: '',
  });
  const found = pod && findRouter(pod, optionsIn(view, input)).value;
  if (found === undefined) return refused(say('noPodThere'));
  const compiled = compiledProxyOf(view.push, found.proxy);
  const [own = ''] = found.proxy.addresses;
  const listener = boundListener(compiled.listeners, port);
  if (listener === undefined) return refused(say('nothingListensThere'), found.pod);
  const seen = hopView(`${own}:${port}`, transport, sender, input.request.scheme);
  const client = { principal: undefined, isInside: false };
  const { chain, policy } = acceptView(listener, seen, client);
  const target = chain?.tcp?.destinations[0]?.cluster;
  if (chain === undefined || target === undefined || chain.transport.kind === 'tls') {
    return refused(notPassed(serverName), found.pod, listener.name);
  }
  const parts = { view, proxy: found.proxy, compiled, listener, chain, policy, target };
  const decided = decidePassage(parts, hop);
  return {
    passage: { ...called, pod: found.pod, listener: listener.name, ...decided },
    sourceAddress: own,
  };
};

/** What the gateway at an endpoint's address makes of a connection that it is to pass on. */
export const passThrough = (hop: Hop): Passed => {
  const { endpoint, input } = hop;
  const { address, network = '' } = endpoint;
  const clusterId = clusterOfEndpoint(endpoint, input);
  const { host, port } = splitAddress(address);
  const view = viewNamed(input.views, clusterId);
  const entrance = view && findEntrance(view, host, port);
  if (entrance !== undefined) return enter(hop, entrance);
  const called = { address, clusterId, network, pod: '', serverName: '', listener: null };
  const cause =
    view === undefined
      ? say('rulesUnread', { cluster: clusterId })
      : say('noServiceThere', { cluster: clusterId, address });
  const passage = { ...called, ...undecided, outcome: 'unknown', ...because(cause) } as const;
  return { passage, sourceAddress: '' };
};
