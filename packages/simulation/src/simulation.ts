import type { Diagnostic, SourcePosition } from '@lateen/base';
import type { Reason, Sentence } from './sentence.ts';

/** An object a decision comes from, and where it was written when that is known. */
export interface ObjectOrigin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Field in the object, for instance `spec.http[1].match[0]`. */
  readonly path: string;
  readonly position?: SourcePosition;
}

/** A rule of a VirtualService; for a delegated one both the root's and the delegate's. */
export interface RuleOrigin extends ObjectOrigin {
  /** Index in `spec.http`. */
  readonly rule: number;
  /** Index in `match` of the rule; absent for a rule without conditions. */
  readonly match?: number;
  readonly delegate?: ObjectOrigin & { readonly rule: number };
}

/** A route that was looked at before the one taken, and the first condition that failed. */
export interface TriedRoute {
  readonly route: string;
  readonly condition: string;
  readonly actual: string;
  readonly origin: RuleOrigin | null;
}

/** A rule of the same VirtualService that is no route of this proxy at all. */
export interface UnusedRule {
  readonly origin: RuleOrigin;
  readonly reason: 'unreachable' | 'not-for-this-proxy';
}

/** An endpoint a request may go to. */
export interface SimulatedEndpoint {
  readonly address: string;
  /** `namespace/pod`; '' for addresses nobody knows. */
  readonly pod: string;
  readonly health: 'healthy' | 'unhealthy' | 'draining' | 'degraded';
  readonly weight: number;
  readonly priority: number;
  /** Its cluster; absent where the mesh has one, or nobody knows. */
  readonly clusterId?: string;
  /** Its network, or the one that a gateway leads into; absent: reachable from everywhere. */
  readonly network?: string;
  /** `region/zone/subzone`; absent: not known. */
  readonly locality?: string;
  /** It passes mutual TLS on to workloads of another cluster: see `gateways` of the destination. */
  readonly isGateway?: boolean;
}

/** A header of the request as it goes upstream, or of the response; null: taken out. */
export interface HeaderChange {
  readonly name: string;
  readonly value: string | null;
}

/** A header operation on a response nobody has seen yet. */
export interface HeaderPlan {
  readonly name: string;
  readonly operation: 'remove' | 'append' | 'overwrite' | 'add-if-absent' | 'overwrite-if-exists';
  readonly value: string;
}

/** A rule of an AuthorizationPolicy. */
export interface PolicyOrigin extends ObjectOrigin {
  /** Index in `spec.rules`. */
  readonly rule: number;
}

/** What one policy made of a request. */
export interface SimulatedPolicy {
  /** In the proxy's configuration: `ns[default]-policy[allow-get]-rule[0]`. */
  readonly name: string;
  /** Null: made by the mesh. */
  readonly origin: PolicyOrigin | null;
  readonly matched: boolean;
  /** The first condition that failed; null: none did. */
  readonly failed: {
    /** What is done, or by whom. */
    readonly part: 'operation' | 'source';
    readonly condition: string;
    readonly actual: string;
  } | null;
}

/** What the policies of one action made of a request. */
export interface SimulatedAuthorization {
  readonly action: 'CUSTOM' | 'DENY' | 'ALLOW' | 'AUDIT';
  /** Noted only, nothing is enforced. */
  readonly dryRun: boolean;
  /** `asks`: somebody outside decides. */
  readonly verdict: 'allowed' | 'denied' | 'asks';
  /** The one that matched; null: none did. */
  readonly policy: SimulatedPolicy | null;
  /** Of a CUSTOM policy that matched: the name in the mesh's configuration. */
  readonly provider: string | null;
  /** All that were looked at, in order. */
  readonly policies: readonly SimulatedPolicy[];
}

/** What became of the tokens of a request. */
export interface SimulatedTokens {
  readonly verdict: 'accepted' | 'none' | 'refused';
  /** As the client is told: `Jwt is expired`; '' when nothing is wrong. */
  readonly reason: string;
  /** Whose tokens are taken. */
  readonly issuers: readonly string[];
  /** Of the token accepted; null: none. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  /** False: the keys, or the means to use them, were not at hand, and the signature is taken to be good. */
  readonly signatureChecked: boolean;
}

/** What a proxy makes of who asks. */
export interface SimulatedSecurity {
  /** `mutual`: with a client certificate that was verified. */
  readonly transport: 'plaintext' | 'tls' | 'mutual';
  /** Of the client's certificate; null: none. */
  readonly principal: string | null;
  /** The client as `remote.ip` sees it. */
  readonly remoteAddress: string;
  /** Null: no RequestAuthentication. */
  readonly tokens: SimulatedTokens | null;
  /** In the order they are asked; after a denial none is. */
  readonly authorization: readonly SimulatedAuthorization[];
}

/** A gateway that passes the mesh's TLS on by its server name (AUTO_PASSTHROUGH), unopened. */
export interface SimulatedPassage extends Reason {
  /** It was called at: `address` of an endpoint. */
  readonly address: string;
  /** It is in. */
  readonly clusterId: string;
  /** It leads into; '' when that has no name. */
  readonly network: string;
  /** `namespace/pod`; '' when nothing serves the address. */
  readonly pod: string;
  /** `outbound_.9080_.v2_.reviews.default.global`; '' without TLS. */
  readonly serverName: string;
  readonly listener: string | null;
  readonly filterChain: string | null;
  /** The Gateway that asks for it. */
  readonly origin: ObjectOrigin | null;
  /** Cluster (Envoy's) that the server name means there. */
  readonly passesTo: string | null;
  /** Of the gateway's own cluster. */
  readonly destinationRule: ObjectOrigin | null;
  /** Those behind it. */
  readonly endpoints: readonly SimulatedEndpoint[];
  /** `unknown`: the rules of its cluster could not be read. */
  readonly outcome: 'passed' | 'refused' | 'unknown';
}

/** A request at the proxy of a destination. */
export interface SimulatedArrival extends Reason {
  /** `namespace/pod`. */
  readonly pod: string;
  /** Absent where the mesh has one. */
  readonly clusterId?: string;
  /** Address of the gateway that it came through; absent: straight. */
  readonly via?: string;
  readonly workload: string;
  /** `mutual`: by the mesh's certificates; `tls`: by others'. */
  readonly transport: 'plaintext' | 'tls' | 'mutual';
  /** What the port takes; null: there is no proxy. */
  readonly mode: 'STRICT' | 'PERMISSIVE' | 'DISABLE' | null;
  readonly listener: string | null;
  readonly filterChain: string | null;
  readonly security: SimulatedSecurity | null;
  /** `refused`: the connection is, `answered`: by the proxy, with `status`, `unknown`: its rules could not be read. */
  readonly outcome: 'delivered' | 'refused' | 'answered' | 'no-proxy' | 'unknown';
  /** Of an answer of the proxy; null: none. */
  readonly status: number | null;
}

/** One place a request may go to, with what is sent there. */
export interface SimulatedDestination {
  readonly cluster: string;
  readonly weight: number;
  /** 0-100. */
  readonly percent: number;
  readonly subset: string;
  /** Undefined rule: no DestinationRule is in force. */
  readonly destinationRule: ObjectOrigin | null;
  /** `least-request`, `round-robin` ...; '' when there is no such cluster. */
  readonly loadBalancing: string;
  /** TLS to the endpoints: `plain`, `tls`, ... */
  readonly transport: string;
  /** Those the balancer may choose from; names of DNS clusters are not resolved. */
  readonly endpoints: readonly SimulatedEndpoint[];
  /** What the proxy answers itself when it cannot send: 503. Null: the upstream answers. */
  readonly status: number | null;
  readonly responseFlags: readonly string[];
  /** Of the request as it goes upstream. */
  readonly authority: string;
  readonly path: string;
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderPlan[];
  /** On the way to workloads of other networks. */
  readonly gateways: readonly SimulatedPassage[];
  /** At the proxies of the destination: one for each workload. */
  readonly arrivals: readonly SimulatedArrival[];
  /** At gateways that the request is sent to as to any workload: one each, with the way from there. */
  readonly relays: readonly Simulation[];
}

/** The route answers with another place. */
export interface SimulatedRedirect {
  readonly status: number;
  readonly location: string;
}

/** The route answers itself. */
export interface SimulatedDirectResponse {
  readonly status: number;
  readonly body: string;
}

/** A fault that may be injected; percents 0-100. */
export interface SimulatedFault {
  readonly delay: { readonly ms: number; readonly percent: number } | null;
  readonly abort: {
    readonly status: number;
    /** Undefined for plain HTTP aborts. */
    readonly grpcStatus?: number;
    readonly percent: number;
  } | null;
}

/** What is tried again, and how often (`retry_policy`). */
export interface SimulatedRetries {
  readonly attempts: number;
  readonly retryOn: readonly string[];
  readonly statusCodes: readonly number[];
  /** 0: the route's timeout. */
  readonly perTryTimeoutMs: number;
}

/** The whole decision about one request. Null where the request never got so far. */
export interface Simulation {
  /** `namespace/pod` of the proxy that decides; '': the caller has none, and speaks plaintext. */
  readonly proxy: string;
  readonly workload: string;
  /** The caller's; absent where the mesh has one. */
  readonly clusterId?: string;
  readonly direction: 'outbound' | 'inbound' | 'gateway';
  /** `METHOD URL`. */
  readonly request: string;
  readonly listener: string | null;
  /** Name of the chain, or what it matches; '' for the only one. */
  readonly filterChain: string | null;
  /** What this proxy makes of who asks; null: it does not ask. */
  readonly security: SimulatedSecurity | null;
  readonly routeConfiguration: string | null;
  readonly virtualHost: string | null;
  readonly tried: readonly TriedRoute[];
  /** Name of the route, '' when it has none. */
  readonly route: string | null;
  /** What the route asks for. */
  readonly match: string | null;
  readonly origin: RuleOrigin | null;
  readonly unused: readonly UnusedRule[];
  /** VirtualServices that name the host too; in the mesh only one has it. */
  readonly overruled: readonly ObjectOrigin[];
  /** The cluster when there is only one. */
  readonly cluster: string | null;
  readonly destinations: readonly SimulatedDestination[];
  readonly redirect: SimulatedRedirect | null;
  readonly directResponse: SimulatedDirectResponse | null;
  readonly fault: SimulatedFault | null;
  /** The CORS filter answers the preflight. */
  readonly preflight: boolean;
  /** 0: none. */
  readonly timeoutMs: number | null;
  readonly retries: SimulatedRetries | null;
  readonly mirrors: readonly { readonly cluster: string; readonly percent: number }[];
  /** What hashes choose the endpoint: `header x-user`. */
  readonly hashPolicies: readonly string[];
  readonly responseFlags: readonly string[];
  /** Status of an answer that the proxy makes itself. Null: the upstream's, or chance decides. */
  readonly status: number | null;
  /** One line: what the client sees. */
  readonly clientSees: string;
  /** The same in no language yet. */
  readonly clientView: Sentence;
  /** What the objects have wrong, and resources that the proxy would refuse. */
  readonly diagnostics: readonly Diagnostic[];
}
