import { create } from '@bufbuild/protobuf';
import type {
  DirectResponseAction as DirectResponseMessage,
  Route,
  VirtualHost,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  VirtualHost_TlsRequirementType as Requirement,
  RouteMatchSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { dataSource } from './data-source.ts';
import type {
  DirectResponseAction,
  FailedCondition,
  RouteAction,
  RouteEntry,
  VirtualHostTable,
} from './decision.ts';
import type { FilterConfig } from './filter-config.ts';
import { compileCors, decodePerFilterConfig } from './filter-config-decoding.ts';
import { filterMetadata } from './filter-metadata.ts';
import type { Findings } from './findings.ts';
import { type ActionScope, compileForward, type InheritedPolicies } from './forward-action.ts';
import { allMillionths } from './fraction.ts';
import { compileHeaderMutations } from './header-mutation.ts';
import { compileRedirect } from './redirect-action.ts';
import type { Dice, RequestHead } from './request-head.ts';
import { type MatchedRoute, RouteIndex } from './route-index.ts';
import { type CompiledMatch, compileRouteMatch, describePath, pathMatches } from './route-match.ts';
import { compileRouteTracing } from './tracing-compilation.ts';

/** The filter whose per-route settings the deprecated `cors` fields stand for. */
const corsFilter = 'envoy.filters.http.cors';

const nothing = new Uint8Array();

const compileDirect = (
  message: DirectResponseMessage,
  scope: ActionScope,
): DirectResponseAction => {
  const { findings, path } = scope;
  if (message.status < 200 || message.status > 599) {
    findings.error(`${path}.status`, 'FieldInvalid', `must be in [200, 600): ${message.status}`);
  }
  const source = dataSource(message.body);
  const body = source?.kind === 'inline' ? source.bytes : nothing;
  const elsewhere = source !== undefined && source.kind !== 'inline';
  return {
    kind: 'direct-response',
    status: message.status,
    body,
    ...(elsewhere && { bodySource: source }),
  };
};

const compileAction = (route: Route, scope: ActionScope): RouteAction => {
  const { findings, path } = scope;
  const { action } = route;
  switch (action.case) {
    case 'route':
      return compileForward(action.value, { ...scope, path: `${path}.route` });
    case 'redirect':
      return compileRedirect(action.value, scope.match, findings, `${path}.redirect`);
    case 'directResponse':
      return compileDirect(action.value, { ...scope, path: `${path}.direct_response` });
    default: {
      const what = action.case === undefined ? 'is required' : `${action.case} is not known`;
      findings.error(`${path}.action`, 'FieldInvalid', what);
      return { kind: 'direct-response', status: 500, body: nothing };
    }
  }
};

type CorsMessage = Parameters<typeof compileCors>[0];

/** Adds the deprecated policy to the filter settings, unless the filter has its own. */
const withCors = (
  configs: ReadonlyMap<string, FilterConfig>,
  cors: CorsMessage | undefined,
  findings: Findings,
  path: string,
): ReadonlyMap<string, FilterConfig> => {
  if (cors === undefined || configs.has(corsFilter)) return configs;
  return new Map([...configs, [corsFilter, compileCors(cors, findings, `${path}.cors`)]]);
};

const describeMatch = (match: CompiledMatch): string => {
  const fraction = match.fraction < allMillionths ? [`fraction ${match.fraction / 10_000} %`] : [];
  const conditions = match.conditions.map(({ text }) => text);
  return [describePath(match.path), ...conditions, ...fraction].join(', ');
};

const compileRoute = (
  route: Route,
  position: number,
  inherited: InheritedPolicies,
  where: { readonly findings: Findings; readonly path: string },
): MatchedRoute => {
  const { findings, path } = where;
  const message = route.match ?? create(RouteMatchSchema);
  const match = compileRouteMatch(message, findings, `${path}.match`);
  const action = compileAction(route, { match: match.path, inherited, findings, path });
  const filterConfig = decodePerFilterConfig(route.typedPerFilterConfig, findings, path);
  const cors = route.action.case === 'route' ? route.action.value.cors : undefined;
  const entry: RouteEntry = {
    name: route.name,
    position,
    action,
    ...compileHeaderMutations(route, findings, path),
    matchText: describeMatch(match),
    operation: route.decorator?.operation ?? '',
    propagatesOperation: route.decorator?.propagate ?? true,
    ...(route.tracing !== undefined && {
      tracing: compileRouteTracing(route.tracing, findings, `${path}.tracing`),
    }),
    metadata: filterMetadata(route.metadata),
    filterConfig: withCors(filterConfig, cors, findings, path),
  };
  return { entry, match };
};

/** The first condition of a route that fails, or undefined when it matches. */
const firstFailure = (
  route: MatchedRoute,
  head: RequestHead,
  drawn: () => number,
): FailedCondition | undefined => {
  const { entry, match } = route;
  if (!pathMatches(match.path, head)) {
    const actual = match.path.kind === 'connect' ? head.method : head.path;
    return { route: entry, condition: describePath(match.path), actual };
  }
  const failed = match.conditions.find((condition) => !condition.holds(head));
  if (failed !== undefined) {
    return { route: entry, condition: failed.text, actual: failed.actual(head) };
  }
  if (match.fraction >= allMillionths || drawn() < match.fraction) return undefined;
  const condition = `fraction ${match.fraction / 10_000} %`;
  return { route: entry, condition, actual: `drew ${drawn() / 10_000} %` };
};

const explain = (
  routes: readonly MatchedRoute[],
  head: RequestHead,
  dice: Dice,
): ReturnType<VirtualHostTable['explainRoute']> => {
  let value: number | undefined;
  const drawn = (): number => {
    value ??= dice(allMillionths);
    return value;
  };
  const tried: FailedCondition[] = [];
  for (const route of routes) {
    const failure = firstFailure(route, head, drawn);
    if (failure === undefined) return { route: route.entry, tried };
    tried.push(failure);
  }
  return { route: undefined, tried };
};

const requirements: Readonly<Record<number, VirtualHostTable['requireTls']>> = {
  [Requirement.NONE]: 'none',
  [Requirement.EXTERNAL_ONLY]: 'external-only',
  [Requirement.ALL]: 'all',
};

/** Compiles a virtual host; `inherited` are the table's policies. */
export const compileVirtualHost = (
  host: VirtualHost,
  inherited: InheritedPolicies,
  findings: Findings,
  path: string,
): VirtualHostTable => {
  const own = host.requestMirrorPolicies;
  const policies: InheritedPolicies = {
    retry: host.retryPolicy,
    mirrors: own.length > 0 ? own : inherited.mirrors,
  };
  const routes = host.routes.map((route, position) =>
    compileRoute(route, position, policies, { findings, path: `${path}.routes[${position}]` }),
  );
  if (host.matcher !== undefined) {
    findings.error(`${path}.matcher`, 'FieldUnsupported', 'matcher trees are not known');
  }
  const index = new RouteIndex(routes);
  const filterConfig = decodePerFilterConfig(host.typedPerFilterConfig, findings, path);
  return {
    name: host.name,
    domains: host.domains,
    routes: routes.map(({ entry }) => entry),
    requireTls: requirements[host.requireTls] ?? 'none',
    ...compileHeaderMutations(host, findings, path),
    filterConfig: withCors(filterConfig, host.cors, findings, path),
    includeRequestAttemptCount: host.includeRequestAttemptCount,
    includeAttemptCountInResponse: host.includeAttemptCountInResponse,
    metadata: filterMetadata(host.metadata),
    selectRoute: (head, dice) => index.find(head, dice)?.entry,
    explainRoute: (head, dice) => explain(routes, head, dice),
  };
};
