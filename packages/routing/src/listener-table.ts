import type { AccessLogSettings } from './access-log.ts';
import type { Address } from './address.ts';
import type { NetworkExtAuthzSettings } from './ext-authz-settings.ts';
import type { FilterConfig, RawFilterConfig } from './filter-config.ts';
import type { HttpConnectionManagerSettings } from './http-connection-manager.ts';
import type { MeshStatsSettings } from './mesh-stats-settings.ts';
import type { MetadataExchangeSettings } from './metadata-exchange.ts';
import type { NetworkRbacSettings } from './rbac-settings.ts';
import type { TcpProxySettings } from './tcp-proxy.ts';
import type { DownstreamTransport } from './tls-settings.ts';

/** What a filter chain match may look at, known after the listener filters have run. */
export interface ConnectionView {
  /** The address the client meant (original destination where the listener restores it). */
  readonly destinationAddress: string;
  readonly destinationPort: number;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** Address of the direct peer when `sourceAddress` came from PROXY protocol. Default sourceAddress. */
  readonly directSourceAddress?: string;
  /** SNI, empty when none. Compared without case. */
  readonly serverName: string;
  /** What the TLS inspector found: `tls` or `raw_buffer`. */
  readonly transportProtocol: string;
  /** ALPN offers, or what the HTTP inspector found (`http/1.1`, `h2c`). */
  readonly applicationProtocols: readonly string[];
}

/** A network filter with its settings. */
export type NetworkFilter =
  | { readonly name: string; readonly settings: HttpConnectionManagerSettings }
  | { readonly name: string; readonly settings: TcpProxySettings }
  | { readonly name: string; readonly settings: NetworkRbacSettings }
  | { readonly name: string; readonly settings: NetworkExtAuthzSettings }
  | { readonly name: string; readonly settings: MeshStatsSettings }
  | { readonly name: string; readonly settings: MetadataExchangeSettings }
  | { readonly name: string; readonly settings: RawFilterConfig };

/** A compiled filter chain. */
export interface FilterChainTable {
  readonly name: string;
  /** Index in the listener; -1 for the default filter chain. */
  readonly position: number;
  /** In order; the last one is terminal (HTTP connection manager or TCP proxy) when Envoy would take it. */
  readonly filters: readonly NetworkFilter[];
  /** The HTTP connection manager, when the chain has one. */
  readonly http: HttpConnectionManagerSettings | undefined;
  /** The TCP proxy, when the chain has one and no HTTP connection manager. */
  readonly tcp: TcpProxySettings | undefined;
  readonly transport: DownstreamTransport;
  /** 0: none. */
  readonly transportConnectTimeoutMs: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** For people: `port 9080, sni *.example.com`; empty when it matches everything. */
  readonly matchText: string;
}

/** Why a chain was not taken: the first criterion, in Envoy's order, on which it lost. */
export interface RejectedChain {
  readonly chain: FilterChainTable;
  readonly condition: string;
  readonly actual: string;
}

/** A compiled listener. */
export interface ListenerTable {
  readonly name: string;
  readonly address: Address;
  readonly additionalAddresses: readonly Address[];
  /** Default true. */
  readonly bindToPort: boolean;
  readonly useOriginalDestination: boolean;
  readonly direction: 'inbound' | 'outbound' | 'unspecified';
  readonly statPrefix: string;
  readonly listenerFilters: readonly { readonly name: string; readonly config: FilterConfig }[];
  /** Wait for listener filters. Envoy default 15000; 0: for ever. */
  readonly listenerFiltersTimeoutMs: number;
  readonly continueOnListenerFiltersTimeout: boolean;
  readonly filterChains: readonly FilterChainTable[];
  readonly defaultFilterChain: FilterChainTable | undefined;
  readonly accessLogs: readonly AccessLogSettings[];
  /** Whether any chain asks for SNI, transport or application protocol: bytes must be looked at first. */
  readonly needsInspection: boolean;
  /** Names of route configurations that the chains' HTTP connection managers want by RDS. */
  readonly routeNames: ReadonlySet<string>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tcpBacklog: number | undefined;
  readonly perConnectionBufferLimitBytes: number;
  /** Envoy's most specific chain, the default chain, or undefined: close the connection. */
  selectFilterChain(view: ConnectionView): FilterChainTable | undefined;
  /** Same decision, with the criterion on which every other chain lost. */
  explainFilterChain(view: ConnectionView): {
    readonly chain: FilterChainTable | undefined;
    readonly rejected: readonly RejectedChain[];
  };
}
