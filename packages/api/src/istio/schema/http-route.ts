import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  boolean,
  bytes,
  extend,
  int32,
  integer,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  uint32,
} from '../../schema/combinators.ts';
import type {
  CorsPolicy,
  FaultAbort,
  FaultDelay,
  HeaderOperations,
  HeaderRules,
  HttpDirectResponse,
  HttpFault,
  HttpMatch,
  HttpMirror,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
  HttpRoute,
  HttpRouteDestination,
  RouteDelegate,
} from '../http-route.ts';
import {
  destinationSchema,
  durationSchema,
  percentSchema,
  stringMatchesSchema,
  stringMatchSchema,
} from './part.ts';

const match = object<HttpMatch>({
  name: string,
  uri: stringMatchSchema,
  scheme: stringMatchSchema,
  method: stringMatchSchema,
  authority: stringMatchSchema,
  headers: stringMatchesSchema,
  withoutHeaders: stringMatchesSchema,
  queryParams: stringMatchesSchema,
  ignoreUriCase: boolean,
  port: uint32,
  sourceLabels: stringMap,
  sourceNamespace: string,
  gateways: strings,
  statPrefix: string,
});

const operations = object<HeaderOperations>({ set: stringMap, add: stringMap, remove: strings });
const headers = object<HeaderRules>({ request: operations, response: operations });

const destination = object<HttpRouteDestination>(
  { destination: destinationSchema, weight: int32, headers },
  ['destination'],
);

const redirect = extend(
  object<HttpRedirect>({
    uri: string,
    prefixRewrite: string,
    authority: string,
    port: uint32,
    derivePort: oneOfStrings('FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'),
    scheme: string,
    redirectCode: uint32,
  }),
  { allOf: [atMostOneOf('port', 'derivePort'), atMostOneOf('uri', 'prefixRewrite')] },
);

const directResponse = object<HttpDirectResponse>(
  {
    status: uint32,
    body: extend(
      object<{ string: string; bytes: string }>({ string, bytes }),
      atMostOneOf('string', 'bytes'),
    ),
  },
  ['status'],
);

const rewrite = object<HttpRewrite>({
  uri: string,
  authority: string,
  uriRegexRewrite: object<{ match: string; rewrite: string }>({ match: string, rewrite: string }),
});

const retries = object<HttpRetry>({
  attempts: int32,
  perTryTimeout: durationSchema,
  retryOn: string,
  retryRemoteLocalities: boolean,
  retryIgnorePreviousHosts: boolean,
  backoff: durationSchema,
});

const delay = extend(
  object<FaultDelay>({
    percentage: percentSchema,
    fixedDelay: durationSchema,
    exponentialDelay: durationSchema,
    percent: int32,
  }),
  atMostOneOf('fixedDelay', 'exponentialDelay'),
);

const abort = extend(
  object<FaultAbort>({
    percentage: percentSchema,
    httpStatus: int32,
    grpcStatus: string,
    http2Error: string,
    percent: int32,
  }),
  atMostOneOf('httpStatus', 'grpcStatus', 'http2Error'),
);

const corsPolicy = object<CorsPolicy>({
  allowOrigins: array(stringMatchSchema),
  allowOrigin: strings,
  allowMethods: strings,
  allowHeaders: strings,
  exposeHeaders: strings,
  maxAge: durationSchema,
  allowCredentials: boolean,
  unmatchedPreflights: oneOfStrings('UNSPECIFIED', 'FORWARD', 'IGNORE'),
});

const mirror = object<HttpMirror>({ destination: destinationSchema, percentage: percentSchema }, [
  'destination',
]);

/** networking.istio.io HTTPRoute, with the deprecated spellings Istio still takes. */
export const httpRouteSchema: JsonSchema = object<HttpRoute>({
  name: string,
  match: array(match),
  route: array(destination),
  redirect,
  directResponse,
  delegate: object<RouteDelegate>({ name: string, namespace: string }),
  rewrite,
  timeout: durationSchema,
  retries,
  fault: object<HttpFault>({ delay, abort }),
  mirror: destinationSchema,
  mirrors: array(mirror),
  mirrorPercentage: percentSchema,
  mirrorPercent: integer,
  mirror_percent: integer,
  corsPolicy,
  headers,
});
