import type { Checked } from '@lateen/base';
import { TrafficDirection } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import type { FilterChain } from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { compileAccessLogs } from './access-log.ts';
import { type Address, compileAddress } from './address.ts';
import { durationMsOr } from './duration.ts';
import { compileChainMatch, wantsInspection } from './filter-chain-match.ts';
import { type ChainCandidate, FilterChainSelector } from './filter-chain-selector.ts';
import { filterMetadata } from './filter-metadata.ts';
import { Findings } from './findings.ts';
import type { FilterChainTable, ListenerTable } from './listener-table.ts';
import { anyOf, compileNetworkFilter, rawFilter } from './network-filter.ts';
import { compileDownstreamTransport } from './tls-compilation.ts';

/** Envoy's defaults. */
const defaultListenerFiltersMs = 15_000;
const defaultBufferBytes = 1_048_576;

const compileChain = (
  chain: FilterChain,
  position: number,
  findings: Findings,
  path: string,
): ChainCandidate => {
  const match = compileChainMatch(chain.filterChainMatch, findings, `${path}.filter_chain_match`);
  const filters = chain.filters.map((filter, index) =>
    compileNetworkFilter(filter, findings, `${path}.filters[${index}]`),
  );
  const settings = filters.map((filter) => filter.settings);
  const http = settings.find((one) => one.kind === 'http');
  const tcp = settings.find((one) => one.kind === 'tcp-proxy');
  const transport = chain.transportSocket;
  const table: FilterChainTable = {
    name: chain.name,
    position,
    filters,
    http,
    tcp: http === undefined ? tcp : undefined,
    transport: compileDownstreamTransport(transport, findings, `${path}.transport_socket`),
    transportConnectTimeoutMs: durationMsOr(chain.transportSocketConnectTimeout, 0),
    metadata: filterMetadata(chain.metadata),
    matchText: match
      .map(({ text }) => text)
      .filter((text) => text !== '')
      .join(', '),
  };
  return { table, match };
};

const directions: Readonly<Record<number, ListenerTable['direction']>> = {
  [TrafficDirection.INBOUND]: 'inbound',
  [TrafficDirection.OUTBOUND]: 'outbound',
};

/** A listener of the proxy itself (`internal_listener`) has no socket to bind. */
const listenAddress = (message: Listener, findings: Findings): Address => {
  if (message.listenerSpecifier.case === 'internalListener') {
    return { kind: 'internal', listener: message.name, endpointId: '' };
  }
  const address = compileAddress(message.address, findings, 'address');
  return address ?? { kind: 'internal', listener: message.name, endpointId: '' };
};

const compileChains = (message: Listener, findings: Findings) => {
  if (message.filterChainMatcher !== undefined) {
    findings.error('filter_chain_matcher', 'FieldUnsupported', 'matcher trees are not known');
  }
  const candidates = message.filterChains.map((chain, index) =>
    compileChain(chain, index, findings, `filter_chains[${index}]`),
  );
  const seen = new Map<string, number>();
  for (const [index, { table }] of candidates.entries()) {
    const other = seen.get(table.matchText);
    if (other !== undefined) {
      const text = `has the same matching rules as filter_chains[${other}]`;
      findings.error(`filter_chains[${index}]`, 'FilterChainDuplicate', text);
    }
    seen.set(table.matchText, index);
  }
  const fallback = message.defaultFilterChain;
  const defaultFilterChain =
    fallback && compileChain(fallback, -1, findings, 'default_filter_chain').table;
  return { candidates, defaultFilterChain };
};

const routeNamesOf = (chains: readonly FilterChainTable[]): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { http } of chains) if (http?.route.kind === 'rds') names.add(http.route.name);
  return names;
};

const compileSocketSettings = (message: Listener) => ({
  bindToPort: message.bindToPort ?? message.deprecatedV1?.bindToPort ?? true,
  useOriginalDestination: message.useOriginalDst ?? false,
  direction: directions[message.trafficDirection] ?? 'unspecified',
  statPrefix: message.statPrefix,
  listenerFilters: message.listenerFilters.map((filter) => ({
    name: filter.name,
    config: rawFilter(anyOf(filter)),
  })),
  listenerFiltersTimeoutMs: durationMsOr(message.listenerFiltersTimeout, defaultListenerFiltersMs),
  continueOnListenerFiltersTimeout: message.continueOnListenerFiltersTimeout,
  metadata: filterMetadata(message.metadata),
  tcpBacklog: message.tcpBacklogSize,
  perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? defaultBufferBytes,
});

/** Compiles a listener once; a message with an error gives no table. */
export const compileListener = (message: Listener): Checked<ListenerTable> => {
  const findings = new Findings();
  const { candidates, defaultFilterChain } = compileChains(message, findings);
  const filterChains = candidates.map(({ table }) => table);
  const all = defaultFilterChain ? [...filterChains, defaultFilterChain] : filterChains;
  if (all.length === 0 && message.apiListener === undefined) {
    findings.error('filter_chains', 'FieldRequired', 'a filter chain is required');
  }
  const selector = new FilterChainSelector(candidates, defaultFilterChain);
  return findings.checked({
    name: message.name,
    address: listenAddress(message, findings),
    additionalAddresses: message.additionalAddresses.flatMap(({ address }, index) => {
      const at = `additional_addresses[${index}].address`;
      return compileAddress(address, findings, at) ?? [];
    }),
    ...compileSocketSettings(message),
    filterChains,
    defaultFilterChain,
    accessLogs: compileAccessLogs(message.accessLog, findings, 'access_log'),
    needsInspection: message.filterChains.some((c) => wantsInspection(c.filterChainMatch)),
    routeNames: routeNamesOf(all),
    selectFilterChain: (view) => selector.select(view),
    explainFilterChain: (view) => selector.explain(view),
  });
};
