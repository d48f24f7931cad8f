import type { Checked, Diagnostic } from '@lateen/base';
import type { TcpProxySettings } from '@lateen/routing';
import type { PushContext } from '@lateen/translator';
import { type FoundCaller, findBareCaller, findCaller, findRouterNamed } from './caller.ts';
import { clientView } from './client-view.ts';
import { type ClusterContext, decideCluster } from './cluster-decision.ts';
import { type CompiledProxy, compiledProxyOf, compileRunning } from './compiled-proxy.ts';
import { boundListener, type Connection, chainName, openConnection } from './connection.ts';
import { callDirectly } from './direct-call.ts';
import { endpointPlaces } from './endpoint-place.ts';
import { followDestination } from './following.ts';
import { clusterOfEndpoint, type FollowedInput, optionsIn } from './hop.ts';
import { connectHop, sentRequest } from './hop-connection.ts';
import { decideHttp, type HttpOutcome, undecided } from './http-decision.ts';
import { meshViews, viewNamed, viewsFrom } from './mesh-views.ts';
import { RequestState } from './policy-subject.ts';
import type { SimulatedRequest } from './request.ts';
import { decideNetworkSecurity, type SecurityContext } from './security-decision.ts';
import { sentenceText } from './sentence.ts';
import type { Simulation } from './simulation.ts';
import type { SimulationInput } from './simulation-input.ts';

const destinationFields = (
  { cluster, weight }: { readonly cluster: string; readonly weight: number },
  total: number,
) => ({
  ...{ cluster, weight, percent: (weight / total) * 100 },
  ...{ authority: '', path: '', requestHeaders: [], responseHeaders: [] },
  ...{ gateways: [], arrivals: [], relays: [] },
});

const decideTcp = (
  tcp: TcpProxySettings,
  context: ClusterContext,
  secured: { readonly connection: Connection; readonly security: SecurityContext },
): HttpOutcome => {
  const { connection, security: securityContext } = secured;
  const state = new RequestState({
    head: undefined,
    headers: new Map(),
    connection: connection.policy,
    remoteAddress: connection.policy.sourceAddress,
  });
  const filters = connection.chain?.filters ?? [];
  const { security, denial } = decideNetworkSecurity(filters, state, securityContext);
  const total = tcp.destinations.reduce((sum, { weight }) => sum + weight, 0);
  const destinations = tcp.destinations.map((destination) => ({
    ...destinationFields(destination, total),
    ...decideCluster(destination.cluster, context),
    status: null,
  }));
  const [first] = destinations;
  const only = destinations.length === 1 ? first : undefined;
  const decision = {
    ...{ ...undecided, security, destinations },
    cluster: only?.cluster ?? null,
    responseFlags: only?.responseFlags ?? [],
  };
  return {
    decision: denial === null ? decision : { ...undecided, security },
    forwardsClaims: true,
  };
};

interface Parts {
  readonly compiled: CompiledProxy;
  readonly input: FollowedInput;
  readonly found: FoundCaller;
}

/** The request as it reaches the connection manager, and the address its client meant. */
const arrival = (
  { address, port }: Connection,
  { input, found }: Parts,
): { readonly request: SimulatedRequest; readonly originalDestination: string } => {
  const { request } = input;
  if (found.proxy.interceptionMode !== 'NONE' || input.caller.kind !== 'outbound') {
    return { request, originalDestination: `${address}:${port}` };
  }
  // To an HTTP proxy the URL goes as it is, and stands above the Host header (RFC 9112, 3.2.2).
  const { urlAuthority: authority } = request;
  const originalDestination = `${authority.replace(/:\d+$/, '')}:${request.port}`;
  return { request: { ...request, authority }, originalDestination };
};

const decide = (connection: Connection, parts: Parts): HttpOutcome => {
  const { chain, refusal, encrypted, policy } = connection;
  const { compiled, input, found } = parts;
  const { request, originalDestination } = arrival(connection, parts);
  const { views } = input;
  const { push, locate } = views.own;
  const places = endpointPlaces(views.own, views, found.proxy.network);
  const { areSeveral } = views;
  const context = { push, compiled, locate, originalDestination, places, areSeveral };
  const security = { inputs: input.inputs, locate, client: input.client ?? {} };
  const nothing = { decision: undecided, forwardsClaims: true };
  if (chain === undefined || refusal !== undefined) return nothing;
  if (chain.http === undefined) {
    if (chain.tcp === undefined) return nothing;
    return decideTcp(chain.tcp, { ...context, notFoundStatus: 0 }, { connection, security });
  }
  const isTls = chain.transport.kind === 'tls';
  if (isTls !== encrypted || request.scheme === 'tcp') return nothing;
  const isCall = input.caller.kind === 'outbound';
  const meshNamespace = isCall ? found.proxy.namespace : undefined;
  return decideHttp(chain.http, request, {
    ...{ ...context, isTls, meshNamespace, security },
    connection: policy,
  });
};

const findings = (push: PushContext, compiled: CompiledProxy, found: FoundCaller): Diagnostic[] => [
  ...push.diagnostics,
  ...found.diagnostics,
  ...compiled.refused,
];

/** Apps are only told of a proxy for plain HTTP: everything else goes around it. */
const aroundProxy = (found: FoundCaller): FoundCaller => {
  const message = `without interception only plain HTTP goes through the proxy of ${found.workload}`;
  const note = { severity: 'info', code: 'ProxyBypassed', message } as const;
  return { ...found, diagnostics: [...found.diagnostics, note] };
};

/** A proxy that has a connection, and what it needs to decide. */
interface Deciding extends Parts {
  readonly connection: Connection;
  readonly diagnostics: readonly Diagnostic[];
}

/** Everything about a request that has come to a proxy, and what becomes of it behind. */
const conclude = (parts: Deciding): Simulation => {
  const { connection, compiled, input, found, diagnostics } = parts;
  const { request, caller, views } = input;
  const { decision, forwardsClaims } = decide(connection, parts);
  const { listener, chain } = connection;
  const sender = { proxy: found.proxy, compiled, chain, forwardsClaims };
  const value = {
    proxy: found.pod,
    workload: found.workload,
    ...(views.areSeveral && { clusterId: views.own.clusterId }),
    direction: caller.kind,
    request: `${request.method} ${request.scheme}://${request.authority}${request.path}`,
    listener: listener?.name ?? null,
    filterChain: chain === undefined ? null : chainName(chain),
    ...decision,
    destinations: decision.destinations.map((destination) => ({
      ...destination,
      ...(caller.kind === 'inbound' ? {} : followDestination(destination, sender, input)),
    })),
  };
  const view = clientView(value, connection, request);
  return { ...value, clientSees: sentenceText(view), clientView: view, diagnostics };
};

/** Gateways that a request is followed through; where more come it goes in a circle, most likely. */
const maxRelays = 4;

/** A request sent to a gateway as to any workload: what the gateway's proxy makes of it. */
const relayThrough =
  (left: number): NonNullable<FollowedInput['relay']> =>
  (hop) => {
    const { destination, endpoint, sender, transport, input } = hop;
    const view = viewNamed(input.views, clusterOfEndpoint(endpoint, input));
    const found = view && findRouterNamed(endpoint.pod, optionsIn(view, input));
    if (found === undefined || view === undefined) return undefined;
    const compiled = compiledProxyOf(view.push, found.proxy);
    const listenerAt = (port: number) => boundListener(compiled.listeners, port);
    const accepted = connectHop(hop, { view, proxy: found.proxy, listenerAt });
    const { destinationAddress: address, destinationPort: port, serverName } = accepted.seen;
    const sent = sentRequest(destination, input, sender);
    const scheme = transport.kind === 'tls' ? 'https' : 'http';
    const { relay: _, ...question } = input;
    return conclude({
      connection: {
        ...{ address, port, bypasses: false, listener: listenerAt(port) },
        ...accepted,
      },
      compiled,
      found,
      input: {
        ...question,
        inputs: view.inputs,
        views: viewsFrom(input.views, view),
        caller: { kind: 'gateway', gateway: found.workload },
        request: { ...sent, scheme: input.request.scheme === 'tcp' ? 'tcp' : scheme, serverName },
        client: accepted.client,
        ...(left > 1 && { relay: relayThrough(left - 1) }),
      },
      diagnostics: compiled.refused,
    });
  };

/**
 * Follows a request that nobody sent through the proxy of its caller: the same configuration, and
 * the same tables, as the proxy would use. Errors: those of `findCaller`, and HostUnknown.
 */
export const simulate = (question: SimulationInput): Checked<Simulation> => {
  const views = meshViews(question);
  const input = { ...question, views, relay: relayThrough(maxRelays) };
  const { caller, request, client = {} } = input;
  const { push } = views.own;
  const options = optionsIn(views.own, input);
  const { value: found, diagnostics } = findCaller(caller, options);
  if (found === undefined) {
    const bare = findBareCaller(caller, options);
    return bare ? callDirectly(bare, input) : { value: undefined, diagnostics };
  }
  const { running } = input;
  const compiled = running ? compileRunning(running) : compiledProxyOf(push, found.proxy);
  const direction = caller.kind;
  const opened = openConnection({ push, proxy: found.proxy, compiled, request, direction, client });
  const connection = opened.value;
  if (connection === undefined) return { value: undefined, diagnostics: opened.diagnostics };
  if (connection.bypasses) return callDirectly(aroundProxy(found), input);
  const noted = [...opened.diagnostics, ...findings(push, compiled, found)];
  const value = conclude({ connection, compiled, input, found, diagnostics: noted });
  return { value, diagnostics: [] };
};
