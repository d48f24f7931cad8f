import type { Checked, Diagnostic } from '@lateen/base';
import type { TcpProxySettings } from '@lateen/routing';
import {
  buildPushContext,
  type InterceptionMode,
  type MeshInputs,
  type PushContext,
} from '@lateen/translator';
import { type Caller, type FoundCaller, findCaller } from './caller.ts';
import { clientSees } from './client-view.ts';
import { type ClusterContext, decideCluster } from './cluster-decision.ts';
import { type CompiledProxy, compileProxy } from './compiled-proxy.ts';
import { type Connection, chainName, openConnection, outsideAddress } from './connection.ts';
import { decideHttp, type HttpDecision, undecided } from './http-decision.ts';
import type { SimulatedRequest } from './request.ts';
import type { Locate } from './rule-origin.ts';
import type { Simulation } from './simulation.ts';

/** A question about a mesh. */
export interface SimulationInput {
  readonly inputs: MeshInputs;
  /** Built from `inputs` when absent. */
  readonly push?: PushContext;
  readonly caller: Caller;
  readonly request: SimulatedRequest;
  /** Of sidecars whose pods do not say. Default REDIRECT. */
  readonly interceptionMode?: InterceptionMode;
  /** Pods without a proxy have none. Default false: everyone has one. */
  readonly live?: boolean;
  /** Default: positions are not known. */
  readonly locate?: Locate;
}

const nowhere: Locate = () => undefined;

const destinationFields = (
  { cluster, weight }: { readonly cluster: string; readonly weight: number },
  total: number,
) => ({
  ...{ cluster, weight, percent: (weight / total) * 100 },
  ...{ authority: '', path: '', requestHeaders: [], responseHeaders: [] },
});

const decideTcp = (tcp: TcpProxySettings, context: ClusterContext): HttpDecision => {
  const total = tcp.destinations.reduce((sum, { weight }) => sum + weight, 0);
  const destinations = tcp.destinations.map((destination) => ({
    ...destinationFields(destination, total),
    ...decideCluster(destination.cluster, context),
    status: null,
  }));
  const [first] = destinations;
  return {
    ...undecided,
    destinations,
    cluster: destinations.length === 1 ? (first?.cluster ?? null) : null,
    responseFlags: destinations.length === 1 ? (first?.responseFlags ?? []) : [],
  };
};

interface Parts {
  readonly push: PushContext;
  readonly compiled: CompiledProxy;
  readonly input: SimulationInput;
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

/** Who the proxy takes the client for. */
const clientOf = ({ input, found }: Parts) =>
  input.caller.kind === 'outbound'
    ? {
        clientAddress: found.proxy.addresses[0] ?? '',
        meshNamespace: found.proxy.namespace,
      }
    : { clientAddress: outsideAddress, meshNamespace: undefined };

const decide = (connection: Connection, parts: Parts): HttpDecision => {
  const { chain } = connection;
  const { push, compiled, input } = parts;
  const { request, originalDestination } = arrival(connection, parts);
  const context = { push, compiled, locate: input.locate ?? nowhere, originalDestination };
  if (chain === undefined) return undecided;
  if (chain.http === undefined) {
    return chain.tcp === undefined
      ? undecided
      : decideTcp(chain.tcp, { ...context, notFoundStatus: 0 });
  }
  const isTls = chain.transport.kind === 'tls';
  if (isTls !== (request.scheme === 'https') || request.scheme === 'tcp') return undecided;
  return decideHttp(chain.http, request, { ...context, isTls, ...clientOf(parts) });
};

const findings = (push: PushContext, compiled: CompiledProxy, found: FoundCaller): Diagnostic[] => [
  ...push.diagnostics,
  ...found.diagnostics,
  ...compiled.refused,
];

/**
 * Follows a request that nobody sent through the proxy of its caller: the same configuration, and
 * the same tables, as the proxy would use. Errors: those of `findCaller`, and HostUnknown.
 */
export const simulate = (input: SimulationInput): Checked<Simulation> => {
  const { inputs, caller, request } = input;
  const push = input.push ?? buildPushContext(inputs);
  const { value: found, diagnostics } = findCaller(caller, {
    push,
    inputs,
    interceptionMode: input.interceptionMode ?? 'REDIRECT',
    live: input.live ?? false,
  });
  if (found === undefined) return { value: undefined, diagnostics };
  const compiled = compileProxy(push, found.proxy);
  const direction = caller.kind;
  const opened = openConnection({ push, proxy: found.proxy, compiled, request, direction });
  const connection = opened.value;
  if (connection === undefined) return { value: undefined, diagnostics: opened.diagnostics };
  const decision = decide(connection, { push, compiled, input, found });
  const { listener, chain } = connection;
  const value = {
    proxy: found.pod,
    workload: found.workload,
    direction,
    request: `${request.method} ${request.scheme}://${request.authority}${request.path}`,
    listener: listener?.name ?? null,
    filterChain: chain === undefined ? null : chainName(chain),
    ...decision,
  };
  return {
    value: {
      ...value,
      clientSees: clientSees(value, connection, request),
      diagnostics: findings(push, compiled, found),
    },
    diagnostics: [],
  };
};
