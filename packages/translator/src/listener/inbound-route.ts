import { create } from '@bufbuild/protobuf';
import { RouteSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type RouteConfiguration,
  RouteConfigurationSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { duration } from '../envoy/duration.ts';
import { routeMatch } from '../route/route-match.ts';
import { maxDirectResponseBytes } from '../route/sidecar-route.ts';

/** What the routes of a workload port are named after. */
interface InboundDestination {
  readonly cluster: string;
  readonly servicePort: number;
  readonly hostname: string;
}

/** Everything to the app: no time-out, no retries; those are the client's business. */
export const inboundRoute = ({
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
              },
            },
            decorator: { operation: `${hostname}:${servicePort}/*` },
          }),
        ],
      },
    ],
  });
