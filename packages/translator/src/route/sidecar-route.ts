import { create } from '@bufbuild/protobuf';
import {
  RouteSchema,
  type VirtualHost,
  VirtualHostSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { duration } from '../envoy/duration.ts';
import { outboundCluster, passthroughCluster } from '../naming/cluster-name.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { type SidecarScope, sidecarScope } from '../push-context/sidecar-scope.ts';
import { routeMatch } from './route-match.ts';
import { sidecarVirtualHosts, type VirtualHostDraft } from './sidecar-virtual-hosts.ts';
import { domainName, serviceDomains } from './virtual-host-domains.ts';

/** Name of the route configuration behind HTTP proxy listeners: all ports at once. */
export const httpProxyRoute = 'http_proxy';

/** Largest body of a direct response, Istio's limit in its webhook too. */
export const maxDirectResponseBytes = 1_048_576;

/** On an HTTP proxy listener names without a port mean port 80. */
const portlessDomainsPort = 80;

/** Where hosts without a virtual host go. */
const catchAll = (scope: SidecarScope): VirtualHost => {
  const allow = scope.outboundPolicy === 'ALLOW_ANY' || scope.egressProxy !== undefined;
  const { egressProxy } = scope;
  const cluster =
    egressProxy === undefined
      ? passthroughCluster
      : outboundCluster(
          egressProxy.port?.number ?? 0,
          egressProxy.subset ?? '',
          egressProxy.host ?? '',
        );
  const name = allow ? 'allow_any' : 'block_all';
  return create(VirtualHostSchema, {
    name,
    domains: ['*'],
    includeRequestAttemptCount: true,
    routes: [
      create(RouteSchema, {
        name,
        match: routeMatch(undefined),
        action: allow
          ? {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: cluster },
                timeout: duration(0),
                maxGrpcTimeout: duration(0),
              },
            }
          : { case: 'directResponse', value: { status: 502 } },
      }),
    ],
  });
};

interface Named {
  readonly draft: VirtualHostDraft;
  readonly domains: readonly string[];
  readonly alternates: ReadonlySet<string>;
}

const withDomains = (draft: VirtualHostDraft, proxy: OutboundClient): Named => {
  if (draft.service === undefined) {
    return { draft, domains: [draft.hostname], alternates: new Set() };
  }
  return { draft, ...serviceDomains(draft.service, proxy) };
};

const portDomains = (domains: readonly string[], port: number, allPorts: boolean): string[] => {
  if (!allPorts) return [...domains];
  const withPort = domains.map((domain) =>
    domain.startsWith('[') ? `${domain}:${port}` : domainName(domain, port),
  );
  return port === portlessDomainsPort
    ? domains.flatMap((domain, at) => [domain, withPort[at] ?? domain])
    : withPort;
};

const buildVirtualHosts = (
  drafts: readonly VirtualHostDraft[],
  proxy: OutboundClient,
  allPorts: boolean,
): VirtualHost[] => {
  const named = drafts.map((draft) => withDomains(draft, proxy));
  const realNames = new Set(drafts.map(({ hostname }) => hostname));
  const names = new Set<string>();
  const taken = new Set<string>(['*']);
  return named.flatMap(({ draft, domains, alternates }) => {
    const name = domainName(draft.hostname, draft.port);
    if (names.has(name)) return [];
    names.add(name);
    // A short name of one service may be the full name of another, which then has it.
    const wanted = domains.filter((domain) => !(alternates.has(domain) && realNames.has(domain)));
    const free = portDomains(wanted, draft.port, allPorts).filter((domain) => !taken.has(domain));
    for (const domain of free) taken.add(domain);
    if (free.length === 0) return [];
    return create(VirtualHostSchema, {
      name,
      domains: free,
      routes: [...draft.routes],
      includeRequestAttemptCount: true,
    });
  });
};

/** Route configuration of a sidecar: `9080` for one port, `http_proxy` for all. */
export const sidecarRoute = (
  push: PushContext,
  proxy: OutboundClient,
  name: string,
): RouteConfiguration => {
  const allPorts = name === httpProxyRoute;
  const port = allPorts ? 0 : Number(name.slice(name.lastIndexOf(':') + 1));
  const drafts =
    allPorts || (Number.isInteger(port) && port > 0) ? sidecarVirtualHosts(push, proxy, port) : [];
  const scoped = name.includes(':')
    ? drafts.filter(({ hostname }) => name.startsWith(`${hostname}:`))
    : drafts;
  return create(RouteConfigurationSchema, {
    name,
    virtualHosts: [
      ...buildVirtualHosts(scoped, proxy, allPorts),
      catchAll(sidecarScope(push, proxy)),
    ],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
    // With an HTTP proxy the port in the authority is what tells services apart.
    ignorePortInHostMatching: !allPorts,
  });
};
