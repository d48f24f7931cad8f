import type { CidrRange } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import {
  type FilterChainMatch,
  FilterChainMatch_ConnectionSourceType as SourceType,
} from '@lateen/xds/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Findings } from './findings.ts';
import {
  type IpAddress,
  type IpRange,
  inRange,
  isLoopback,
  parseIp,
  parseRange,
  sameAddress,
} from './ip-address.ts';
import type { ConnectionView } from './listener-table.ts';

/** A connection with its addresses parsed once. */
export interface ParsedView {
  readonly view: ConnectionView;
  readonly destination: IpAddress | undefined;
  readonly source: IpAddress | undefined;
  readonly directSource: IpAddress | undefined;
  /** Lower-case. */
  readonly serverName: string;
}

/** Parses the addresses of a view. */
export const parseView = (view: ConnectionView): ParsedView => {
  const source = parseIp(view.sourceAddress);
  const direct = view.directSourceAddress;
  return {
    view,
    destination: parseIp(view.destinationAddress),
    source,
    directSource: direct === undefined ? source : parseIp(direct),
    serverName: view.serverName.toLowerCase(),
  };
};

/**
 * One criterion of a chain. `score` is how specifically it fits: chains that do not fit score 0,
 * those that ask for nothing score 1, and of the rest the most specific scores highest.
 */
export interface Criterion {
  /** For people: `port 9080`; empty when it asks for nothing. */
  readonly text: string;
  score(parsed: ParsedView): number;
}

/** Names of the criteria in Envoy's order, with what a connection shows for each. */
export const criteria: readonly {
  readonly name: string;
  actual(parsed: ParsedView): string;
}[] = [
  { name: 'port', actual: ({ view }) => String(view.destinationPort) },
  { name: 'destination', actual: ({ view }) => view.destinationAddress },
  { name: 'sni', actual: ({ serverName }) => serverName || 'none' },
  { name: 'transport', actual: ({ view }) => view.transportProtocol || 'none' },
  { name: 'alpn', actual: ({ view }) => view.applicationProtocols.join(',') || 'none' },
  {
    name: 'direct source',
    actual: ({ view }) => view.directSourceAddress ?? view.sourceAddress,
  },
  { name: 'source type', actual: ({ view }) => view.sourceAddress },
  { name: 'source', actual: ({ view }) => view.sourceAddress },
  { name: 'source port', actual: ({ view }) => String(view.sourcePort) },
];

const anything: Criterion = { text: '', score: () => 1 };

const portCriterion = (
  name: string,
  ports: readonly number[],
  read: (v: ConnectionView) => number,
) => {
  if (ports.length === 0) return anything;
  const wanted = new Set(ports);
  const text = `${name} ${ports.join(', ')}`;
  return { text, score: ({ view }: ParsedView) => (wanted.has(read(view)) ? 2 : 0) };
};

const rangeText = (range: CidrRange): string => `${range.addressPrefix}/${range.prefixLen ?? 0}`;

const rangeCriterion = (
  name: string,
  ranges: readonly CidrRange[],
  read: (parsed: ParsedView) => IpAddress | undefined,
  where: { readonly findings: Findings; readonly path: string },
): Criterion => {
  if (ranges.length === 0) return anything;
  const parsed = ranges.flatMap((range, index): IpRange[] => {
    const result = parseRange(range, where.findings, `${where.path}[${index}]`);
    return result === undefined ? [] : [result];
  });
  return {
    text: `${name} ${ranges.map(rangeText).join(', ')}`,
    score: (view) => {
      const address = read(view);
      let best = 0;
      for (const range of parsed) {
        // The longest prefix wins; a range of length 0 asks for nothing.
        if (inRange(address, range)) best = Math.max(best, 1 + range.prefixLength);
      }
      return best;
    },
  };
};

/** Exact names beat wildcards, longer wildcards beat shorter ones. */
const exactNameScore = Number.MAX_SAFE_INTEGER;

const nameCriterion = (names: readonly string[], findings: Findings, path: string): Criterion => {
  if (names.length === 0) return anything;
  const exact = new Set<string>();
  const suffixes = new Set<string>();
  for (const [index, name] of names.entries()) {
    const lower = name.toLowerCase();
    if (lower.startsWith('*.')) suffixes.add(lower.slice(1));
    else if (lower.includes('*')) {
      const message = `'${name}': a wildcard is the whole leftmost label`;
      findings.error(`${path}[${index}]`, 'FieldInvalid', message);
    } else exact.add(lower);
  }
  return {
    text: `sni ${names.join(', ')}`,
    score: ({ serverName }) => {
      if (serverName !== '' && exact.has(serverName)) return exactNameScore;
      for (let dot = serverName.indexOf('.', 1); dot > 0; dot = serverName.indexOf('.', dot + 1)) {
        if (suffixes.has(serverName.slice(dot))) return 1 + serverName.length - dot;
      }
      return 0;
    },
  };
};

const transportCriterion = (protocol: string): Criterion => {
  if (protocol === '') return anything;
  const score = ({ view }: ParsedView): number => (view.transportProtocol === protocol ? 2 : 0);
  return { text: `transport ${protocol}`, score };
};

/** The client's first protocol that any chain knows decides. */
const protocolCriterion = (protocols: readonly string[]): Criterion => {
  if (protocols.length === 0) return anything;
  const wanted = new Set(protocols);
  return {
    text: `alpn ${protocols.join(', ')}`,
    score: ({ view }) => {
      const offered = view.applicationProtocols;
      const index = offered.findIndex((protocol) => wanted.has(protocol));
      return index < 0 ? 0 : 1 + offered.length - index;
    },
  };
};

const isLocal = ({ source, destination }: ParsedView): boolean => {
  if (source === undefined) return false;
  return isLoopback(source) || (destination !== undefined && sameAddress(source, destination));
};

const sourceTypeCriterion = (type: SourceType): Criterion => {
  if (type === SourceType.SAME_IP_OR_LOOPBACK) {
    return { text: 'source same IP or loopback', score: (view) => (isLocal(view) ? 2 : 0) };
  }
  if (type === SourceType.EXTERNAL) {
    return { text: 'source external', score: (view) => (isLocal(view) ? 0 : 2) };
  }
  return anything;
};

/** Compiles the criteria of a chain, in the order of `criteria`. */
export const compileChainMatch = (
  match: FilterChainMatch | undefined,
  findings: Findings,
  path: string,
): readonly Criterion[] => {
  if (match === undefined) return criteria.map(() => anything);
  const port = match.destinationPort ?? 0;
  const at = (field: string) => ({ findings, path: `${path}.${field}` });
  return [
    portCriterion('port', port === 0 ? [] : [port], (view) => view.destinationPort),
    rangeCriterion('destination', match.prefixRanges, (v) => v.destination, at('prefix_ranges')),
    nameCriterion(match.serverNames, findings, `${path}.server_names`),
    transportCriterion(match.transportProtocol),
    protocolCriterion(match.applicationProtocols),
    rangeCriterion(
      'direct source',
      match.directSourcePrefixRanges,
      (view) => view.directSource,
      at('direct_source_prefix_ranges'),
    ),
    sourceTypeCriterion(match.sourceType),
    rangeCriterion(
      'source',
      match.sourcePrefixRanges,
      (view) => view.source,
      at('source_prefix_ranges'),
    ),
    portCriterion('source port', match.sourcePorts, (view) => view.sourcePort),
  ];
};

/** Whether a chain can only be chosen after looking at the first bytes. */
export const wantsInspection = (match: FilterChainMatch | undefined): boolean =>
  match !== undefined &&
  (match.serverNames.length > 0 ||
    match.transportProtocol !== '' ||
    match.applicationProtocols.length > 0);
