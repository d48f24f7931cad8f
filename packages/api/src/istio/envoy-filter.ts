import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicyTargetReference, WorkloadSelector } from './policy-target.ts';

/** networking.istio.io EnvoyFilter.ListenerMatch.FilterMatch. */
export interface EnvoyFilterNameMatch {
  readonly name?: string;
  readonly subFilter?: { readonly name?: string };
}

/** networking.istio.io EnvoyFilter.EnvoyConfigObjectMatch: at most one of listener, routeConfiguration, cluster, waypoint. */
export interface EnvoyConfigMatch {
  readonly context?: 'ANY' | 'SIDECAR_INBOUND' | 'SIDECAR_OUTBOUND' | 'GATEWAY' | 'WAYPOINT';
  readonly proxy?: {
    readonly proxyVersion?: string;
    readonly metadata?: Readonly<Record<string, string>>;
  };
  readonly listener?: {
    readonly portNumber?: number;
    readonly portName?: string;
    readonly name?: string;
    readonly listenerFilter?: string;
    readonly filterChain?: {
      readonly name?: string;
      readonly sni?: string;
      readonly transportProtocol?: string;
      readonly applicationProtocols?: string;
      readonly destinationPort?: number;
      readonly filter?: EnvoyFilterNameMatch;
    };
  };
  readonly routeConfiguration?: {
    readonly portNumber?: number;
    readonly portName?: string;
    readonly gateway?: string;
    readonly name?: string;
    readonly vhost?: {
      readonly name?: string;
      readonly domainName?: string;
      readonly route?: {
        readonly name?: string;
        readonly action?: 'ANY' | 'ROUTE' | 'REDIRECT' | 'DIRECT_RESPONSE';
      };
    };
  };
  readonly cluster?: {
    readonly portNumber?: number;
    readonly service?: string;
    readonly subset?: string;
    readonly name?: string;
  };
  readonly waypoint?: {
    readonly portNumber?: number;
    readonly route?: { readonly name?: string };
    readonly filter?: EnvoyFilterNameMatch;
  };
}

/** networking.istio.io EnvoyFilter.EnvoyConfigObjectPatch. */
export interface EnvoyConfigPatch {
  readonly applyTo?:
    | 'INVALID'
    | 'LISTENER'
    | 'FILTER_CHAIN'
    | 'NETWORK_FILTER'
    | 'HTTP_FILTER'
    | 'ROUTE_CONFIGURATION'
    | 'VIRTUAL_HOST'
    | 'HTTP_ROUTE'
    | 'CLUSTER'
    | 'EXTENSION_CONFIG'
    | 'BOOTSTRAP'
    | 'LISTENER_FILTER';
  readonly match?: EnvoyConfigMatch;
  readonly patch?: {
    readonly operation?:
      | 'INVALID'
      | 'MERGE'
      | 'ADD'
      | 'REMOVE'
      | 'INSERT_BEFORE'
      | 'INSERT_AFTER'
      | 'INSERT_FIRST'
      | 'REPLACE'
      | 'MERGE_AND_REPLACE_LIST';
    /** Envoy configuration as JSON. */
    readonly value?: unknown;
    readonly filterClass?: 'UNSPECIFIED' | 'AUTHN' | 'AUTHZ' | 'STATS';
  };
}

/** networking.istio.io EnvoyFilter. */
export interface EnvoyFilterSpec {
  readonly workloadSelector?: WorkloadSelector;
  readonly targetRefs?: readonly PolicyTargetReference[];
  readonly configPatches?: readonly EnvoyConfigPatch[];
  /** Lower first. Default 0. */
  readonly priority?: number;
}

/** A networking.istio.io/v1alpha3 EnvoyFilter object. */
export interface EnvoyFilter extends KubeObject<EnvoyFilterSpec, IstioStatus> {}
