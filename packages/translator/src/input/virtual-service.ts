import {
  boolean,
  durationMs,
  labels,
  list,
  mapOf,
  message,
  messageOrEmpty,
  number,
  port,
  type Reader,
  text,
  uint32,
  word,
} from './reader.ts';
import { type StringMatch, stringMatch } from './string-match.ts';

/** networking.istio.io VirtualService.spec. */
export interface VirtualService {
  readonly hosts: readonly string[];
  readonly gateways: readonly string[];
  readonly exportTo: readonly string[];
  readonly http: readonly HttpRoute[];
  readonly tls: readonly TlsRoute[];
  readonly tcp: readonly TcpRoute[];
}

/** `HTTPRoute` of a VirtualService. */
export interface HttpRoute {
  readonly name: string | undefined;
  readonly match: readonly HttpMatch[];
  readonly route: readonly HttpDestination[];
  readonly redirect: Redirect | undefined;
  readonly directResponse: DirectResponse | undefined;
  readonly delegate: Delegate | undefined;
  readonly rewrite: Rewrite | undefined;
  readonly timeout: number | undefined;
  readonly retries: RetryPolicyInput | undefined;
  readonly fault: Fault | undefined;
  readonly mirror: Destination | undefined;
  readonly mirrorPercent: number | undefined;
  /** The same, as the field is called in the .proto file. */
  readonly mirror_percent: number | undefined;
  readonly mirrorPercentage: Percent | undefined;
  readonly mirrors: readonly Mirror[];
  readonly corsPolicy: Cors | undefined;
  readonly headers: Headers | undefined;
}

/** `HTTPMatchRequest`. */
export interface HttpMatch {
  readonly name: string | undefined;
  readonly uri: StringMatch | undefined;
  readonly scheme: StringMatch | undefined;
  readonly method: StringMatch | undefined;
  readonly authority: StringMatch | undefined;
  readonly headers: ReadonlyMap<string, StringMatch>;
  readonly withoutHeaders: ReadonlyMap<string, StringMatch>;
  readonly queryParams: ReadonlyMap<string, StringMatch>;
  readonly ignoreUriCase: boolean | undefined;
  readonly port: number | undefined;
  readonly sourceLabels: ReadonlyMap<string, string>;
  readonly sourceNamespace: string | undefined;
  readonly gateways: readonly string[];
  readonly statPrefix: string | undefined;
}

/** `Destination`: a host of the registry, perhaps one of its subsets. */
export interface Destination {
  readonly host: string | undefined;
  readonly subset: string | undefined;
  readonly port: PortSelector | undefined;
}

/** `PortSelector`. */
export interface PortSelector {
  readonly number: number | undefined;
}

/** `HTTPRouteDestination`. */
export interface HttpDestination {
  readonly destination: Destination;
  readonly weight: number | undefined;
  readonly headers: Headers | undefined;
}

/** One side of `headers`: what is set, added and removed. */
export interface HeaderOperations {
  readonly set: ReadonlyMap<string, string>;
  readonly add: ReadonlyMap<string, string>;
  readonly remove: readonly string[];
}

/** `Headers`: what changes on the way there and back. */
export interface Headers {
  readonly request: HeaderOperations;
  readonly response: HeaderOperations;
}

/** `HTTPRedirect`. */
export interface Redirect {
  readonly uri: string | undefined;
  readonly prefixRewrite: string | undefined;
  readonly authority: string | undefined;
  readonly port: number | undefined;
  readonly derivePort: 'FROM_PROTOCOL_DEFAULT' | 'FROM_REQUEST_PORT' | undefined;
  readonly scheme: string | undefined;
  readonly redirectCode: number | undefined;
}

/** `HTTPDirectResponse`. */
export interface DirectResponse {
  readonly status: number | undefined;
  readonly body:
    | { readonly string: string | undefined; readonly bytes: string | undefined }
    | undefined;
}

interface Delegate {
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/** `HTTPRewrite`. */
export interface Rewrite {
  readonly uri: string | undefined;
  readonly authority: string | undefined;
  readonly uriRegexRewrite:
    | { readonly match: string | undefined; readonly rewrite: string | undefined }
    | undefined;
}

/** HTTPRetry; durations in milliseconds. */
export interface RetryPolicyInput {
  readonly attempts: number | undefined;
  readonly perTryTimeout: number | undefined;
  readonly retryOn: string | undefined;
  readonly retryRemoteLocalities: boolean | undefined;
  readonly retryIgnorePreviousHosts: boolean | undefined;
  readonly backoff: number | undefined;
}

/** Percent from 0 to 100, with fractions. */
export interface Percent {
  readonly value: number | undefined;
}

/** `HTTPFaultInjection`. */
export interface Fault {
  readonly delay:
    | {
        readonly percentage: Percent | undefined;
        readonly percent: number | undefined;
        readonly fixedDelay: number | undefined;
      }
    | undefined;
  readonly abort:
    | {
        readonly percentage: Percent | undefined;
        readonly httpStatus: number | undefined;
        readonly grpcStatus: string | undefined;
      }
    | undefined;
}

interface Mirror {
  readonly destination: Destination;
  readonly percentage: Percent | undefined;
}

/** `CorsPolicy`. */
export interface Cors {
  readonly allowOrigins: readonly StringMatch[];
  readonly allowOrigin: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAge: number | undefined;
  readonly allowCredentials: boolean | undefined;
  readonly unmatchedPreflights: 'UNSPECIFIED' | 'FORWARD' | 'IGNORE' | undefined;
}

/** `L4MatchAttributes`. */
export interface L4Match {
  readonly destinationSubnets: readonly string[];
  readonly port: number | undefined;
  readonly sourceLabels: ReadonlyMap<string, string>;
  readonly sourceNamespace: string | undefined;
  readonly gateways: readonly string[];
}

interface TlsMatch extends L4Match {
  readonly sniHosts: readonly string[];
}

/** `RouteDestination`. */
export interface L4Destination {
  readonly destination: Destination;
  readonly weight: number | undefined;
}

/** `TLSRoute`. */
export interface TlsRoute {
  readonly match: readonly TlsMatch[];
  readonly route: readonly L4Destination[];
}

/** `TCPRoute`. */
export interface TcpRoute {
  readonly match: readonly L4Match[];
  readonly route: readonly L4Destination[];
}

const destinationFields = {
  host: text,
  subset: text,
  port: message<PortSelector>({ number: port }),
};
const headerOperations = messageOrEmpty<HeaderOperations>({
  set: mapOf(text),
  add: mapOf(text),
  remove: list(text),
});
const headers = message<Headers>({ request: headerOperations, response: headerOperations });
const percent = message<Percent>({ value: number });

const retryPolicy: Reader<RetryPolicyInput | undefined> = message<RetryPolicyInput>({
  attempts: number,
  perTryTimeout: durationMs,
  retryOn: text,
  retryRemoteLocalities: boolean,
  retryIgnorePreviousHosts: boolean,
  backoff: durationMs,
});

/** Reads mesh.defaultHttpRetryPolicy; undefined: it is none. */
export const readHttpRetryPolicy = (value: unknown): RetryPolicyInput | undefined => {
  let isBad = false;
  const policy = retryPolicy(value, 'defaultHttpRetryPolicy', () => {
    isBad = true;
  });
  return isBad ? undefined : policy;
};

const httpMatch = message<HttpMatch>({
  name: text,
  uri: stringMatch,
  scheme: stringMatch,
  method: stringMatch,
  authority: stringMatch,
  headers: mapOf(stringMatch),
  withoutHeaders: mapOf(stringMatch),
  queryParams: mapOf(stringMatch),
  ignoreUriCase: boolean,
  port,
  sourceLabels: labels,
  sourceNamespace: text,
  gateways: list(text),
  statPrefix: text,
});

const fault = message<Fault>({
  delay: message<NonNullable<Fault['delay']>>({
    percentage: percent,
    percent: number,
    fixedDelay: durationMs,
  }),
  abort: message<NonNullable<Fault['abort']>>({
    percentage: percent,
    httpStatus: uint32,
    grpcStatus: text,
  }),
});

const cors = message<Cors>({
  allowOrigins: list(stringMatch),
  allowOrigin: list(text),
  allowMethods: list(text),
  allowHeaders: list(text),
  exposeHeaders: list(text),
  maxAge: durationMs,
  allowCredentials: boolean,
  unmatchedPreflights: word(['UNSPECIFIED', 'FORWARD', 'IGNORE']),
});

const redirect = message<Redirect>({
  uri: text,
  prefixRewrite: text,
  authority: text,
  port,
  derivePort: word(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT']),
  scheme: text,
  redirectCode: uint32,
});

const httpRoute = message<HttpRoute>({
  name: text,
  match: list(httpMatch),
  route: list(
    message<HttpDestination>({
      destination: messageOrEmpty<Destination>(destinationFields),
      weight: uint32,
      headers,
    }),
  ),
  redirect,
  directResponse: message<DirectResponse>({
    status: uint32,
    body: message<NonNullable<DirectResponse['body']>>({ string: text, bytes: text }),
  }),
  delegate: message<Delegate>({ name: text, namespace: text }),
  rewrite: message<Rewrite>({
    uri: text,
    authority: text,
    uriRegexRewrite: message<NonNullable<Rewrite['uriRegexRewrite']>>({
      match: text,
      rewrite: text,
    }),
  }),
  timeout: durationMs,
  retries: retryPolicy,
  fault,
  mirror: message<Destination>(destinationFields),
  mirrorPercent: uint32,
  mirror_percent: uint32,
  mirrorPercentage: percent,
  mirrors: list(
    message<Mirror>({
      destination: messageOrEmpty<Destination>(destinationFields),
      percentage: percent,
    }),
  ),
  corsPolicy: cors,
  headers,
});

const l4MatchFields = {
  destinationSubnets: list(text),
  port,
  sourceLabels: labels,
  sourceNamespace: text,
  gateways: list(text),
};
const l4Destinations = list(
  message<L4Destination>({
    destination: messageOrEmpty<Destination>(destinationFields),
    weight: uint32,
  }),
);

/** Reads `spec` of a VirtualService of any version. */
export const virtualService: Reader<VirtualService | undefined> = message<VirtualService>({
  hosts: list(text),
  gateways: list(text),
  exportTo: list(text),
  http: list(httpRoute),
  tls: list(
    message<TlsRoute>({
      match: list(message<TlsMatch>({ ...l4MatchFields, sniHosts: list(text) })),
      route: l4Destinations,
    }),
  ),
  tcp: list(
    message<TcpRoute>({ match: list(message<L4Match>(l4MatchFields)), route: l4Destinations }),
  ),
});
