import { RoutingPriority } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import {
  RouteAction_ClusterNotFoundResponseCode as NotFound,
  type RetryPolicy as RetryPolicyMessage,
  type RouteAction,
  type RouteAction_HashPolicy,
  type RouteAction_RequestMirrorPolicy,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { Destination, ForwardAction, HashPolicy, Mirror, PathRewrite } from './decision.ts';
import { durationMs, durationMsOr } from './duration.ts';
import { decodePerFilterConfig } from './filter-config-decoding.ts';
import { loadBalancerMetadata } from './filter-metadata.ts';
import type { Findings } from './findings.ts';
import { allMillionths, runtimeMillionths } from './fraction.ts';
import { compileHeaderMutations, noHeaderMutation } from './header-mutation.ts';
import { compilePrefixRewrite, compileRegexRewrite, compileTextRewrite } from './path-rewrite.ts';
import type { Dice } from './request-head.ts';
import { pathOnly } from './request-path.ts';
import { compileRetryPolicy } from './retry-policy.ts';
import type { PathMatch } from './route-match.ts';

/** What a virtual host and table give to routes that say nothing themselves. */
export interface InheritedPolicies {
  readonly retry: RetryPolicyMessage | undefined;
  readonly mirrors: readonly RouteAction_RequestMirrorPolicy[];
}

/** Envoy's route timeout when none is set, in milliseconds. */
const defaultTimeoutMs = 15_000;

const notFoundStatuses: Readonly<Record<number, number>> = {
  [NotFound.SERVICE_UNAVAILABLE]: 503,
  [NotFound.NOT_FOUND]: 404,
  [NotFound.INTERNAL_SERVER_ERROR]: 500,
};

type WeightedEntry = Extract<
  RouteAction['clusterSpecifier'],
  { case: 'weightedClusters' }
>['value']['clusters'][number];

const compileWeighted = (entry: WeightedEntry, findings: Findings, path: string): Destination => {
  const { requestHeaders, responseHeaders } = compileHeaderMutations(entry, findings, path);
  const { case: kind, value } = entry.hostRewriteSpecifier;
  if ((entry.name === '') === (entry.clusterHeader === '')) {
    findings.error(path, 'FieldInvalid', 'exactly one of name and cluster_header must be set');
  }
  const filterConfig = decodePerFilterConfig(entry.typedPerFilterConfig, findings, path);
  return {
    cluster: entry.name,
    weight: entry.weight ?? 0,
    ...(entry.clusterHeader !== '' && { clusterHeader: entry.clusterHeader.toLowerCase() }),
    ...(requestHeaders !== noHeaderMutation && { requestHeaders }),
    ...(responseHeaders !== noHeaderMutation && { responseHeaders }),
    ...(kind === 'hostRewriteLiteral' && { authorityRewrite: value }),
    ...(filterConfig.size > 0 && { filterConfig }),
  };
};

/** Sums above this cannot be drawn from exactly; Envoy's bound is the same (uint32). */
const maxTotalWeight = 0xffff_ffff;

const compileDestinations = (
  action: RouteAction,
  findings: Findings,
  path: string,
): readonly Destination[] => {
  const specifier = action.clusterSpecifier;
  if (specifier.case === 'cluster') return [{ cluster: specifier.value, weight: 1 }];
  if (specifier.case === 'clusterHeader') {
    return [{ cluster: '', weight: 1, clusterHeader: specifier.value.toLowerCase() }];
  }
  if (specifier.case !== 'weightedClusters') {
    const what = specifier.case === undefined ? 'is required' : `${specifier.case} is not known`;
    findings.error(`${path}.cluster_specifier`, 'FieldInvalid', what);
    return [{ cluster: '', weight: 1 }];
  }
  const at = `${path}.weighted_clusters`;
  const destinations = specifier.value.clusters.map((entry, index) =>
    compileWeighted(entry, findings, `${at}.clusters[${index}]`),
  );
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  if (total < 1 || total > maxTotalWeight) {
    findings.error(
      at,
      'FieldInvalid',
      `sum of weights must be in [1, ${maxTotalWeight}]: ${total}`,
    );
    return [{ cluster: '', weight: 1 }];
  }
  return destinations;
};

const compileSelect = (destinations: readonly Destination[]): ((dice: Dice) => Destination) => {
  const [first = { cluster: '', weight: 1 }] = destinations;
  if (destinations.length < 2) return () => first;
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  return (dice) => {
    let drawn = dice(total);
    for (const destination of destinations) {
      if (drawn < destination.weight) return destination;
      drawn -= destination.weight;
    }
    return first;
  };
};

const compileMirror = (policy: RouteAction_RequestMirrorPolicy): Mirror => ({
  cluster: policy.cluster,
  ...(policy.clusterHeader !== '' && { clusterHeader: policy.clusterHeader.toLowerCase() }),
  hostSuffix: !policy.disableShadowHostSuffixAppend,
  traceSampled: policy.traceSampled ?? true,
  fraction: runtimeMillionths(policy.runtimeFraction, allMillionths),
});

const hashSource = (policy: RouteAction_HashPolicy): HashPolicy['source'] | undefined => {
  const specifier = policy.policySpecifier;
  switch (specifier.case) {
    case 'header':
      return { kind: 'header', name: specifier.value.headerName.toLowerCase() };
    case 'cookie': {
      const { name, path, ttl, attributes: extra } = specifier.value;
      const attributes = extra.map((attribute) => [attribute.name, attribute.value] as const);
      return {
        kind: 'cookie',
        name,
        path,
        ...(ttl && { ttlMs: durationMs(ttl) }),
        ...(attributes.length > 0 && { attributes }),
      };
    }
    case 'connectionProperties':
      return specifier.value.sourceIp ? { kind: 'source-ip' } : undefined;
    case 'queryParameter':
      return { kind: 'query', name: specifier.value.name };
    case 'filterState':
      return { kind: 'filter-state', key: specifier.value.key };
    default:
      return undefined;
  }
};

const compileHashPolicies = (policies: readonly RouteAction_HashPolicy[]): readonly HashPolicy[] =>
  policies.flatMap((policy) => {
    const source = hashSource(policy);
    return source === undefined ? [] : [{ source, terminal: policy.terminal }];
  });

const compileRewrite = (
  action: RouteAction,
  match: PathMatch,
  findings: Findings,
  path: string,
): { pathRewrite?: PathRewrite } => {
  if (action.regexRewrite !== undefined) {
    if (action.prefixRewrite !== '') {
      findings.error(path, 'FieldInvalid', 'prefix_rewrite and regex_rewrite exclude each other');
    }
    const at = `${path}.regex_rewrite`;
    return { pathRewrite: compileRegexRewrite(action.regexRewrite, findings, at) };
  }
  if (action.pathRewritePolicy !== undefined) {
    findings.error(`${path}.path_rewrite_policy`, 'FieldUnsupported', 'is not known');
  }
  if (action.prefixRewrite === '') return {};
  return { pathRewrite: compilePrefixRewrite(action.prefixRewrite, match) };
};

const compileAuthority = (action: RouteAction, findings: Findings, path: string) => {
  const specifier = action.hostRewriteSpecifier;
  const autoHostRewrite = specifier.case === 'autoHostRewrite' && specifier.value.value;
  if (specifier.case === 'hostRewriteLiteral') {
    return { autoHostRewrite, authorityRewrite: specifier.value };
  }
  if (specifier.case === 'hostRewriteHeader') {
    return { autoHostRewrite, authorityFromHeader: specifier.value.toLowerCase() };
  }
  if (specifier.case === 'hostRewritePathRegex') {
    const at = `${path}.host_rewrite_path_regex`;
    const rewrite = compileTextRewrite(specifier.value, findings, at);
    return { autoHostRewrite, authorityFromPath: (text: string) => rewrite(pathOnly(text)) };
  }
  return { autoHostRewrite };
};

const compileTimeouts = (action: RouteAction) => {
  const max = action.maxStreamDuration;
  const grpc = max?.grpcTimeoutHeaderMax ?? action.maxGrpcTimeout;
  const offset = max?.grpcTimeoutHeaderOffset ?? action.grpcTimeoutOffset;
  return {
    timeoutMs: durationMsOr(action.timeout, defaultTimeoutMs),
    ...(action.idleTimeout && { idleTimeoutMs: durationMs(action.idleTimeout) }),
    ...(grpc && { maxGrpcTimeoutMs: durationMs(grpc) }),
    ...(max?.maxStreamDuration && { maxStreamDurationMs: durationMs(max.maxStreamDuration) }),
    grpcTimeoutOffsetMs: durationMsOr(offset, 0),
  };
};

/** Shared by all routes that name none: large tables are mostly such routes. */
const noNames: ReadonlySet<string> = new Set();

const upgradeTypes = (action: RouteAction, isWanted: boolean): ReadonlySet<string> => {
  const wanted = action.upgradeConfigs.filter(({ enabled }) => (enabled !== false) === isWanted);
  if (wanted.length === 0) return noNames;
  return new Set(wanted.map(({ upgradeType }) => upgradeType.toLowerCase()));
};

/** What compiling an action needs to know about its route. */
export interface ActionScope {
  readonly match: PathMatch;
  readonly inherited: InheritedPolicies;
  readonly findings: Findings;
  readonly path: string;
}

/** Compiles `RouteAction`: where a matched request goes, and how. */
export const compileForward = (action: RouteAction, scope: ActionScope): ForwardAction => {
  const { findings, path, inherited } = scope;
  const destinations = compileDestinations(action, findings, path);
  const retry = action.retryPolicy ?? inherited.retry;
  const own = action.requestMirrorPolicies;
  const metadataMatch = loadBalancerMetadata(action.metadataMatch);
  return {
    kind: 'forward',
    destinations,
    select: compileSelect(destinations),
    ...compileTimeouts(action),
    ...(retry && { retry: compileRetryPolicy(retry, findings, `${path}.retry_policy`) }),
    ...compileRewrite(action, scope.match, findings, path),
    ...compileAuthority(action, findings, path),
    appendForwardedHost: action.appendXForwardedHost,
    mirrors: (own.length > 0 ? own : inherited.mirrors).map(compileMirror),
    hashPolicies: compileHashPolicies(action.hashPolicy),
    upgrades: upgradeTypes(action, true),
    disabledUpgrades: upgradeTypes(action, false),
    priority: action.priority === RoutingPriority.HIGH ? 'high' : 'default',
    ...(metadataMatch && { metadataMatch }),
    clusterNotFoundStatus: notFoundStatuses[action.clusterNotFoundResponseCode] ?? 503,
  };
};
