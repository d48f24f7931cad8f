import { create } from '@bufbuild/protobuf';
import {
  type Route,
  type RouteAction,
  type RouteAction_RequestMirrorPolicy,
  RouteAction_RequestMirrorPolicySchema,
  RouteActionSchema,
  type WeightedCluster_ClusterWeight,
  WeightedCluster_ClusterWeightSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { duration } from '../envoy/duration.ts';
import type { MessageFields } from '../envoy/message-init.ts';
import { fractionalPercent } from '../envoy/percent.ts';
import { regexMatcher } from '../envoy/string-matcher.ts';
import type {
  Destination,
  HttpDestination,
  HttpRoute,
  Percent,
  Rewrite,
} from '../input/virtual-service.ts';
import { hashPolicy } from './hash-policy.ts';
import { translateHeaders } from './header-operations.ts';
import { retryPolicy } from './retry-policy.ts';
import { consistentHashOf, destinationCluster, type RouteContext } from './route-context.ts';

type Fields = MessageFields<typeof RouteActionSchema>;

/** The forwarding part of a route, and header changes that a lone destination adds to it. */
export interface Forwarding {
  readonly action: RouteAction;
  readonly headers: Pick<
    Route,
    | 'requestHeadersToAdd'
    | 'requestHeadersToRemove'
    | 'responseHeadersToAdd'
    | 'responseHeadersToRemove'
  >;
}

const mirrorPolicy = (
  context: RouteContext,
  destination: Destination,
  percent: number,
): RouteAction_RequestMirrorPolicy[] =>
  percent <= 0
    ? []
    : [
        create(RouteAction_RequestMirrorPolicySchema, {
          cluster: destinationCluster(context, destination),
          runtimeFraction: { defaultValue: fractionalPercent(percent) },
          traceSampled: false,
          disableShadowHostSuffixAppend: true,
        }),
      ];

/** Absent is everything, an explicit 0 nothing. */
const percentOf = (percentage: Percent | undefined, old: number | undefined): number =>
  percentage === undefined ? (old ?? 100) : (percentage.value ?? 0);

const onlyMirror = (context: RouteContext, rule: HttpRoute): RouteAction_RequestMirrorPolicy[] => {
  const old = rule.mirrorPercent ?? rule.mirror_percent;
  return rule.mirror === undefined
    ? []
    : mirrorPolicy(context, rule.mirror, percentOf(rule.mirrorPercentage, old));
};

const mirrors = (context: RouteContext, rule: HttpRoute): RouteAction_RequestMirrorPolicy[] => [
  ...onlyMirror(context, rule),
  ...rule.mirrors.flatMap(({ destination, percentage }) =>
    mirrorPolicy(context, destination, percentOf(percentage, undefined)),
  ),
];

const rewriteFields = (rewrite: Rewrite | undefined): Fields => {
  const regex = rewrite?.uriRegexRewrite;
  if (regex?.match) {
    return {
      regexRewrite: { pattern: regexMatcher(regex.match), substitution: regex.rewrite ?? '' },
    };
  }
  return rewrite?.uri ? { prefixRewrite: rewrite.uri } : {};
};

const hostRewrite = (authority: string) =>
  authority === ''
    ? {}
    : ({ hostRewriteSpecifier: { case: 'hostRewriteLiteral', value: authority } } as const);

const clusterWeight = (
  context: RouteContext,
  { destination, weight, headers }: HttpDestination,
  routeAuthority: string,
): WeightedCluster_ClusterWeight => {
  const translated = translateHeaders(headers);
  return create(WeightedCluster_ClusterWeightSchema, {
    name: destinationCluster(context, destination),
    weight: weight ?? 0,
    ...translated.fields,
    ...hostRewrite(routeAuthority === '' ? translated.authority : ''),
  });
};

/** Several destinations: those of weight 0 never get a request. */
const weightedFields = (
  context: RouteContext,
  destinations: readonly HttpDestination[],
  authority: string,
): Fields => ({
  clusterSpecifier: {
    case: 'weightedClusters',
    value: {
      clusters: destinations
        .filter(({ weight }) => (weight ?? 0) > 0)
        .map((entry) => clusterWeight(context, entry, authority)),
    },
  },
  ...hostRewrite(authority),
});

const singleFields = (
  context: RouteContext,
  { destination, headers }: HttpDestination,
  authority: string,
): Fields => ({
  clusterSpecifier: { case: 'cluster', value: destinationCluster(context, destination) },
  ...hostRewrite(authority || translateHeaders(headers).authority),
});

const timeoutFields = (timeoutMs: number): Fields => ({
  timeout: duration(timeoutMs),
  maxGrpcTimeout: duration(timeoutMs),
});

/** The `route` of a rule. `authority`: Host set by the rule's headers; a rewrite's wins over it. */
export const forwarding = (
  context: RouteContext,
  rule: HttpRoute,
  headerAuthority: string,
): Forwarding => {
  const authority = rule.rewrite?.authority || headerAuthority;
  const [only, ...others] = rule.route;
  const lone = others.length === 0 ? only : undefined;
  const hashes = rule.route.map(({ destination }) => consistentHashOf(context, destination));
  const retry = retryPolicy(
    rule.retries ?? context.push.meshConfig.defaultHttpRetryPolicy,
    lone !== undefined && hashes[0] !== undefined,
  );
  const action = create(RouteActionSchema, {
    ...(lone === undefined
      ? weightedFields(context, rule.route, authority)
      : singleFields(context, lone, authority)),
    ...timeoutFields(rule.timeout ?? 0),
    ...(retry && { retryPolicy: retry }),
    ...rewriteFields(rule.rewrite),
    requestMirrorPolicies: mirrors(context, rule),
    hashPolicy: hashes.flatMap((hash) => hashPolicy(hash)),
  });
  return { action, headers: translateHeaders(lone?.headers).fields };
};

/** A route to a service no VirtualService speaks of. */
export const defaultAction = (context: RouteContext, destination: Destination): RouteAction => {
  const hash = consistentHashOf(context, destination);
  const retry = retryPolicy(context.push.meshConfig.defaultHttpRetryPolicy, hash !== undefined);
  return create(RouteActionSchema, {
    clusterSpecifier: { case: 'cluster', value: destinationCluster(context, destination) },
    ...timeoutFields(0),
    ...(retry && { retryPolicy: retry }),
    hashPolicy: hashPolicy(hash),
  });
};
