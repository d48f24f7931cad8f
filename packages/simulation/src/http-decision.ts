import {
  type Dice,
  type FilterConfig,
  type ForwardAction,
  type HttpConnectionManagerSettings,
  needsNormalization,
  normalizePath,
  type PolicyConnection,
  type RequestHead,
  type RouteEntry,
  type RouteTable,
  type VirtualHostTable,
} from '@lateen/routing';
import { type ClusterContext, decideCluster } from './cluster-decision.ts';
import { decideFault, percentOf } from './fault-decision.ts';
import { overruledServices } from './overruled-service.ts';
import { RequestState, remoteAddressOf } from './policy-subject.ts';
import { requestHead, type SimulatedRequest } from './request.ts';
import { ruleOrigin, unusedRules } from './rule-origin.ts';
import { decideHttpSecurity, type SecurityContext } from './security-decision.ts';
import type { SimulatedDestination, Simulation, TriedRoute } from './simulation.ts';
import { type RouteScope, responsePlan, upstreamRequest } from './upstream-request.ts';

/** The part of a simulation that HTTP decides. */
export type HttpDecision = Omit<
  Simulation,
  | 'proxy'
  | 'workload'
  | 'direction'
  | 'request'
  | 'listener'
  | 'filterChain'
  | 'clientSees'
  | 'clientView'
  | 'diagnostics'
>;

/** A decision in which nothing has been decided. */
export const undecided: HttpDecision = {
  security: null,
  routeConfiguration: null,
  virtualHost: null,
  tried: [],
  route: null,
  match: null,
  origin: null,
  unused: [],
  overruled: [],
  cluster: null,
  destinations: [],
  redirect: null,
  directResponse: null,
  fault: null,
  preflight: false,
  timeoutMs: null,
  retries: null,
  mirrors: [],
  hashPolicies: [],
  responseFlags: [],
  status: null,
};

/** What HTTP is decided with. */
export interface HttpContext extends Omit<ClusterContext, 'notFoundStatus'> {
  readonly isTls: boolean;
  /** Namespace of a sidecar that calls; undefined elsewhere, where hosts may be shared. */
  readonly meshNamespace: string | undefined;
  /** As policies see it. */
  readonly connection: PolicyConnection;
  readonly security: SecurityContext;
}

/** What HTTP decided, and what the next proxy will want to know. */
export interface HttpOutcome {
  readonly decision: HttpDecision;
  /** Claims that were given go on with the request. */
  readonly forwardsClaims: boolean;
}

/** Conditions on chance hold: what may happen is shown. */
const dice: Dice = () => 0;

const faultFilter = 'envoy.filters.http.fault';
const corsFilter = 'envoy.filters.http.cors';

/** Headers every proxy adds before routes are looked at; ids are not known before they are drawn. */
const preparedHeaders = (
  { headers }: SimulatedRequest,
  settings: HttpConnectionManagerSettings,
  { isTls, connection: { sourceAddress: clientAddress } }: HttpContext,
): Map<string, string> => {
  const prepared = new Map(headers);
  const proto = isTls ? 'https' : 'http';
  if (settings.useRemoteAddress) {
    const before = headers.get('x-forwarded-for');
    prepared.set(
      'x-forwarded-for',
      before === undefined ? clientAddress : `${before},${clientAddress}`,
    );
    prepared.set('x-forwarded-proto', proto);
  } else if (!headers.has('x-forwarded-proto')) prepared.set('x-forwarded-proto', proto);
  if (!headers.has('x-request-id')) {
    prepared.set('x-request-id', '00000000-0000-4000-8000-000000000000');
  }
  return prepared;
};

const tableOf = (
  settings: HttpConnectionManagerSettings,
  { compiled }: HttpContext,
): { readonly name: string | null; readonly table: RouteTable | undefined } => {
  const { route } = settings;
  if (route.kind === 'inline') return { name: route.table.name, table: route.table };
  if (route.kind === 'rds') return { name: route.name, table: compiled.route(route.name) };
  return { name: null, table: undefined };
};

const noRoute = { status: 404, responseFlags: ['NR'] } as const;

/** A filter's settings for a route, most specific first. */
const filterConfig = (scope: RouteScope, name: string): FilterConfig | undefined =>
  scope.route.filterConfig.get(name) ??
  scope.host.filterConfig.get(name) ??
  scope.table.filterConfig.get(name);

/** Whether the CORS filter answers instead of the upstream. */
const answersPreflight = (scope: RouteScope, head: RequestHead): boolean => {
  const policy = filterConfig(scope, corsFilter);
  const origin = head.header('origin');
  const asks = head.header('access-control-request-method') !== undefined;
  if (policy?.kind !== 'cors' || head.method !== 'OPTIONS' || !asks || !origin) return false;
  const allowed = policy.allowOrigins.some((match) => match.matches(origin));
  return allowed || !policy.forwardNotMatchingPreflights;
};

const hashText = ({ source }: ForwardAction['hashPolicies'][number]): string => {
  if (source.kind === 'filter-state') return `filter state ${source.key}`;
  return source.kind === 'source-ip' ? 'source address' : `${source.kind} ${source.name}`;
};

const decideForward = (
  action: ForwardAction,
  scope: RouteScope,
  original: { readonly head: RequestHead; readonly headers: ReadonlyMap<string, string> },
  context: HttpContext,
): Partial<HttpDecision> => {
  const total = action.destinations.reduce((sum, { weight }) => sum + weight, 0);
  const clusterContext = { ...context, notFoundStatus: action.clusterNotFoundStatus };
  const destinations = action.destinations.map((destination): SimulatedDestination => {
    const { clusterHeader, weight } = destination;
    const cluster =
      clusterHeader === undefined
        ? destination.cluster
        : (original.head.header(clusterHeader) ?? '');
    const request = upstreamRequest(scope, action, destination, original);
    return {
      cluster,
      weight,
      percent: total === 0 ? 0 : (weight / total) * 100,
      ...decideCluster(cluster, clusterContext),
      authority: request.authority,
      path: request.path,
      requestHeaders: request.changes,
      responseHeaders: responsePlan(scope, destination),
      gateways: [],
      arrivals: [],
      relays: [],
    };
  });
  const [first] = destinations;
  const same = destinations.every(({ status }) => status === first?.status);
  return {
    destinations,
    cluster: destinations.length === 1 ? (first?.cluster ?? null) : null,
    timeoutMs: action.timeoutMs,
    retries:
      action.retry === undefined || action.retry.maxRetries === 0
        ? null
        : {
            attempts: action.retry.maxRetries,
            retryOn: [...action.retry.retryOn],
            statusCodes: [...action.retry.retriableStatusCodes],
            perTryTimeoutMs: action.retry.perTryTimeoutMs,
          },
    mirrors: action.mirrors.map(({ cluster, fraction }) => ({
      cluster,
      percent: percentOf(fraction),
    })),
    hashPolicies: action.hashPolicies.map(hashText),
    ...(same &&
      first !== undefined && { status: first.status, responseFlags: first.responseFlags }),
  };
};

/** Bytes as text: UTF-8 where they are, else one character a byte. */
const bodyText = (body: Uint8Array): string => {
  const latin1 = Array.from(body, (byte) => String.fromCharCode(byte)).join('');
  try {
    return decodeURIComponent(
      Array.from(body, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    );
  } catch {
    return latin1;
  }
};

const decideAction = (
  scope: RouteScope,
  original: { readonly head: RequestHead; readonly headers: ReadonlyMap<string, string> },
  context: HttpContext,
): Partial<HttpDecision> => {
  const { action } = scope.route;
  if (action.kind === 'redirect') {
    const location = action.location(original.head);
    return { redirect: { status: action.status, location }, status: action.status };
  }
  if (action.kind === 'direct-response') {
    const body = bodyText(action.body);
    return { directResponse: { status: action.status, body }, status: action.status };
  }
  return decideForward(action, scope, original, context);
};

/** Filters before the router, in the order of Istio's chain. */
const decideRoute = (
  scope: RouteScope,
  original: { readonly head: RequestHead; readonly headers: ReadonlyMap<string, string> },
  context: HttpContext,
): Partial<HttpDecision> => {
  const { head } = original;
  const settings = filterConfig(scope, faultFilter);
  const fault = settings?.kind === 'fault' ? decideFault(settings, head) : null;
  const outcome = decideAction(scope, original, context);
  if (fault?.abort?.percent === 100) {
    const delayed = fault.delay?.percent === 100 ? ['DI'] : [];
    const flags = [...delayed, 'FI'];
    return { ...outcome, fault, status: fault.abort.status, responseFlags: flags };
  }
  if (answersPreflight(scope, head)) {
    return { ...outcome, fault, preflight: true, status: 200, responseFlags: [] };
  }
  const flags = fault?.delay?.percent === 100 ? ['DI'] : [];
  return { ...outcome, fault, responseFlags: [...flags, ...(outcome.responseFlags ?? [])] };
};

const triedRoutes = (
  tried: readonly {
    readonly route: RouteEntry;
    readonly condition: string;
    readonly actual: string;
  }[],
  context: HttpContext,
): readonly TriedRoute[] =>
  tried.map(({ route, condition, actual }) => ({
    route: route.name,
    condition,
    actual,
    origin: ruleOrigin(route, context.locate),
  }));

const httpsLocation = ({ authority }: SimulatedRequest, path: string): string =>
  `https://${authority.replace(/:\d+$/, '')}${path}`;

interface Asked {
  readonly request: SimulatedRequest;
  readonly settings: HttpConnectionManagerSettings;
  readonly context: HttpContext;
  readonly table: RouteTable | undefined;
  readonly host: VirtualHostTable | undefined;
}

const stateOf = (asked: Asked, path: string): RequestState => {
  const { request, settings, context } = asked;
  const headers = preparedHeaders(request, settings, context);
  const { connection } = context;
  return new RequestState({
    head: requestHead(request, path, headers),
    headers,
    ...(request.repeated && { repeated: request.repeated }),
    connection,
    remoteAddress: remoteAddressOf(
      connection.sourceAddress,
      request.headers.get('x-forwarded-for'),
      settings,
    ),
  });
};

/** The route of a request that passed, and what becomes of it there. */
const decideRouted = (
  asked: Asked,
  start: HttpDecision,
  state: RequestState,
  selected: ReturnType<VirtualHostTable['explainRoute']> | undefined,
): HttpDecision => {
  const { request, context, table, host } = asked;
  const { head, headers } = state;
  if (table === undefined || host === undefined || selected === undefined || head === undefined) {
    return { ...start, ...noRoute };
  }
  const { route, tried } = selected;
  const looked = { ...start, virtualHost: host.name, tried: triedRoutes(tried, context) };
  if (route === undefined) return { ...looked, ...noRoute };
  if (host.requireTls === 'all' && !context.isTls) {
    const location = httpsLocation(request, head.path);
    return { ...looked, redirect: { status: 301, location }, status: 301 };
  }
  return {
    ...looked,
    route: route.name,
    match: route.matchText,
    origin: ruleOrigin(route, context.locate),
    unused: unusedRules(context.push, host, route, context.locate),
    overruled: context.meshNamespace === undefined ? [] : overruledServices(context, host, route),
    ...decideRoute({ table, host, route }, { head, headers }, context),
  };
};

/** Security filters first, then the route: it may be selected anew with what the filters found out. */
const decidePassage = (asked: Asked, start: HttpDecision, path: string): HttpOutcome => {
  const { settings, context, table, host } = asked;
  const state = stateOf(asked, path);
  const first = state.head && host?.explainRoute(state.head, dice);
  const route = first?.route;
  state.routeMetadata = route?.metadata ?? {};
  const scope = table && host && route && { table, host, route };
  const overrides = (name: string): FilterConfig | undefined => scope && filterConfig(scope, name);
  const secured = decideHttpSecurity(settings.httpFilters, overrides, state, context.security);
  const { security, denial, forwardsClaims } = secured;
  const looked = { ...start, security };
  if (denial !== null) {
    const decision = { ...looked, virtualHost: host?.name ?? null, status: denial.status };
    return { decision, forwardsClaims };
  }
  const again = state.head && { ...state.head, dynamicMetadata: state.read };
  const selected = secured.reselect && again ? host?.explainRoute(again, dice) : first;
  return { decision: decideRouted(asked, looked, state, selected), forwardsClaims };
};

const undelivered = (decision: HttpDecision): HttpOutcome => ({ decision, forwardsClaims: true });

/** Follows a request through a connection manager. */
export const decideHttp = (
  settings: HttpConnectionManagerSettings,
  request: SimulatedRequest,
  context: HttpContext,
): HttpOutcome => {
  const { name, table } = tableOf(settings, context);
  const start = { ...undecided, routeConfiguration: name };
  const unreadable = { ...start, status: 400, responseFlags: ['DPE'] };
  if (request.path.includes('#')) return undelivered(unreadable);
  const normalized = needsNormalization(request.path, settings.path)
    ? normalizePath(request.path, settings.path)
    : { action: 'continue' as const, path: request.path };
  if (normalized.action === 'reject') return undelivered(unreadable);
  const { path } = normalized;
  if (normalized.action === 'redirect') {
    return undelivered({ ...start, redirect: { status: 307, location: path }, status: 307 });
  }
  const host = table?.selectVirtualHost(request.authority);
  return decidePassage({ request, settings, context, table, host }, start, path);
};
