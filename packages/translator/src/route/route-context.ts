import { type EffectivePolicy, effectivePolicy } from '../cluster/effective-policy.ts';
import type { ConsistentHash } from '../input/traffic-policy.ts';
import type { Destination } from '../input/virtual-service.ts';
import { outboundCluster } from '../naming/cluster-name.ts';
import type { OutboundClient } from '../push-context/outbound-client.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { destinationRuleFor, sidecarScope } from '../push-context/sidecar-scope.ts';
import type { MeshService } from '../registry/mesh-service.ts';

/** What translating the rules of one VirtualService for one proxy needs to know. */
export interface RouteContext {
  readonly push: PushContext;
  readonly proxy: OutboundClient;
  /** Port the requests come in at: of the service for sidecars, of the server for gateways. */
  readonly port: number;
  /** `mesh`, or the gateways (`namespace/name`) that the routes are for. */
  readonly gateways: ReadonlySet<string>;
  /** Requests come over TLS: decides default ports of redirects. */
  readonly tls: boolean;
}

/** The service a destination names, if this proxy sees it. */
const destinationService = (
  { push, proxy }: RouteContext,
  { host }: Destination,
): MeshService | undefined => sidecarScope(push, proxy).services.get(host ?? '');

const destinationPort = (context: RouteContext, destination: Destination): number => {
  const explicit = destination.port?.number;
  if (explicit) return explicit;
  const [only, ...others] = destinationService(context, destination)?.ports ?? [];
  return only !== undefined && others.length === 0 ? only.number : context.port;
};

/**
 * Istio's `GetDestinationCluster`: the explicit port, else the service's only one, else the port
 * the request came in at. The cluster need not exist: the proxy then answers 503.
 */
export const destinationCluster = (context: RouteContext, destination: Destination): string =>
  outboundCluster(
    destinationPort(context, destination),
    destination.subset ?? '',
    destination.host ?? '',
  );

/** The traffic policy in force towards a destination; undefined when nobody knows its service. */
export const destinationPolicy = (
  context: RouteContext,
  destination: Destination,
): EffectivePolicy | undefined => {
  const service = destinationService(context, destination);
  if (service === undefined) return undefined;
  const rule = destinationRuleFor(context.push, context.proxy, service);
  const port = destinationPort(context, destination);
  return effectivePolicy(rule, destination.subset ?? '', port);
};

/** The consistent hash the destination's rule asks for; its hash policy belongs on the route. */
export const consistentHashOf = (
  context: RouteContext,
  destination: Destination,
): ConsistentHash | undefined =>
  destinationPolicy(context, destination)?.loadBalancer?.consistentHash;
