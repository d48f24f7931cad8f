import { create } from '@bufbuild/protobuf';
import type { PortProtocol } from '@lateen/api';
import { RouteSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { duration } from '../envoy/duration.ts';
import { routeMatch } from '../route/route-match.ts';
import { maxDirectResponseBytes } from '../route/sidecar-route.ts';

/** What the routes of a workload port are named after, and what it speaks. */
interface InboundDestination {
  readonly protocol: PortProtocol;
  readonly cluster: string;
  readonly servicePort: number;
  readonly hostname: string;
}

const isGrpc = (protocol: PortProtocol): boolean => protocol === 'GRPC' || protocol === 'GRPC-Web';

/** Tries of a request that the app never saw, because its connection was closing (Istio since 1.24). */
const unseenRequests = { retryOn: 'reset-before-request', numRetries: 2 };

/** Everything to the app: no time-out, that is the client's business. */
export const inboundRoute = ({
  protocol,
  cluster,
  servicePort,
  hostname,
}: InboundDestination): RouteConfiguration =>
  create(RouteConfigurationSchema, {
    name: cluster,
    validateClusters: false,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
    virtualHosts: [
      {
        name: `inbound|http|${servicePort}`,
        domains: ['*'],
        routes: [
          create(RouteSchema, {
            name: 'default',
            match: routeMatch(undefined),
            action: {
              case: 'route',
              value: {
                clusterSpecifier: { case: 'cluster', value: cluster },
                timeout: duration(0),
                maxGrpcTimeout: duration(0),
                ...(!isGrpc(protocol) && { retryPolicy: unseenRequests }),
              },
            },
            decorator: { operation: `${hostname}:${servicePort}/*` },
          }),
        ],
      },
    ],
  });
