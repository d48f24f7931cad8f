import {
  has,
  type JsonRecord,
  message,
  messages,
  number,
  text,
  texts,
} from '@lateen/xds/json-record';
import { typedConfig } from './config-dump.ts';
import { describeMatch } from './route-summary.ts';
import { formatTable } from './text-table.ts';

/** Blanks between columns: less than in other tables. */
const gap = 1;

/** `--address`, `--port`, `--type`. */
export interface ListenerFilter {
  readonly address?: string;
  readonly port?: number;
  readonly type?: string;
}

type FilterKind = 'http' | 'tcp' | 'blackhole' | 'other';

const connectionManager = '.HttpConnectionManager';
const tcpProxy = '.TcpProxy';
const blackHole = 'BlackHoleCluster';

const kindOf = (filter: JsonRecord): FilterKind => {
  const config = typedConfig(filter);
  const type = text(config, '@type');
  if (type.endsWith(connectionManager)) return 'http';
  if (!type.endsWith(tcpProxy)) return 'other';
  return text(config, 'cluster').includes(blackHole) ? 'blackhole' : 'tcp';
};

const chainsOf = (listener: JsonRecord): readonly JsonRecord[] => [
  ...messages(listener, 'filter_chains'),
  ...(has(listener, 'default_filter_chain') ? [message(listener, 'default_filter_chain')] : []),
];

/** HTTP, TCP, HTTP+TCP or UNKNOWN. */
const listenerType = (listener: JsonRecord): string => {
  const kinds = new Set(
    chainsOf(listener).flatMap((chain) => messages(chain, 'filters').map(kindOf)),
  );
  const names = [...(kinds.has('http') ? ['HTTP'] : []), ...(kinds.has('tcp') ? ['TCP'] : [])];
  return names.length === 0 ? 'UNKNOWN' : names.join('+');
};

const socketOf = (listener: JsonRecord): JsonRecord =>
  message(listener, 'address', 'socket_address');

const addressesOf = (listener: JsonRecord): readonly string[] => [
  text(socketOf(listener), 'address'),
  ...messages(listener, 'additional_addresses').map((one) =>
    text(message(one, 'address', 'socket_address'), 'address'),
  ),
];

const protocolNames: readonly (readonly [string, readonly string[]])[] = [
  [
    'App: HTTP TLS',
    ['http/1.0', 'http/1.1', 'h2c', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'],
  ],
  ['App: Istio HTTP Plain', ['istio', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2']],
  ['App: TCP TLS', ['istio-peer-exchange', 'istio']],
  ['App: HTTP', ['http/1.0', 'http/1.1', 'h2c']],
];

const describeProtocols = (protocols: readonly string[]): readonly string[] => {
  if (protocols.length === 0) return [];
  const list = protocols.join(',');
  const known = protocolNames.find(([, names]) => names.join(',') === list);
  return [known?.[0] ?? `App: ${list}`];
};

const describeAddress = (match: JsonRecord): readonly string[] => {
  const port = has(match, 'destination_port') ? `:${number(match, 'destination_port')}` : '';
  const ranges = messages(match, 'prefix_ranges').map(
    (range) => `${text(range, 'address_prefix')}/${number(range, 'prefix_len')}`,
  );
  if (ranges.length > 0) return [`Addr: ${ranges.join(',')}${port}`];
  return port === '' ? [] : [`Addr: *${port}`];
};

const describeChainMatch = (match: JsonRecord): string => {
  const names = texts(match, 'server_names');
  const transport = text(match, 'transport_protocol');
  const parts = [
    ...(names.length === 0 ? [] : [`SNI: ${names.join(',')}`]),
    ...(transport === '' ? [] : [`Trans: ${transport}`]),
    ...describeProtocols(texts(match, 'application_protocols')),
    ...describeAddress(match),
  ];
  return parts.length === 0 ? 'ALL' : parts.join('; ');
};

/** Clusters that say what they are stand for themselves. */
const describeCluster = (name: string): string =>
  name.includes('Cluster') ? name : `Cluster: ${name}`;

/** The cluster of a configuration that sends everything there. */
const onlyCluster = (config: JsonRecord): string | undefined => {
  const [host, ...otherHosts] = messages(config, 'virtual_hosts');
  if (host === undefined || otherHosts.length > 0 || texts(host, 'domains').join() !== '*')
    return undefined;
  const [route, ...otherRoutes] = messages(host, 'routes');
  if (route === undefined || otherRoutes.length > 0) return undefined;
  const cluster = text(message(route, 'route'), 'cluster');
  return text(message(route, 'match'), 'prefix') === '/' && cluster !== '' ? cluster : undefined;
};

const describeInlineRoutes = (config: JsonRecord): string => {
  const cluster = onlyCluster(config);
  if (cluster !== undefined) return describeCluster(cluster);
  const hosts = messages(config, 'virtual_hosts').map((host) => {
    const domains = texts(host, 'domains').join('/');
    const routes = messages(host, 'routes').map((route) => describeMatch(message(route, 'match')));
    return domains === '*' ? routes.join(', ') : `${domains} ${routes.join(', ')}`;
  });
  return `Inline Route: ${hosts.join('; ')}`;
};

const describeHttp = (config: JsonRecord): string => {
  if (has(config, 'route_config')) return describeInlineRoutes(message(config, 'route_config'));
  const name = text(message(config, 'rds'), 'route_config_name');
  return name === '' ? 'HTTP' : `Route: ${name}`;
};

const describeTcp = (config: JsonRecord): string => {
  const weighted = messages(message(config, 'weighted_clusters'), 'clusters');
  return weighted.length === 0
    ? describeCluster(text(config, 'cluster'))
    : `Cluster: ${weighted.map((one) => text(one, 'name')).join(', ')}`;
};

const describeDestination = (chain: JsonRecord): string => {
  for (const filter of messages(chain, 'filters')) {
    const kind = kindOf(filter);
    if (kind === 'http') return describeHttp(typedConfig(filter));
    if (kind === 'tcp') return describeTcp(typedConfig(filter));
  }
  return 'Non-HTTP/Non-TCP';
};

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const passes = (listener: JsonRecord, { address, port, type }: ListenerFilter): boolean =>
  (address === undefined || addressesOf(listener).some((one) => same(one, address))) &&
  (port === undefined || number(socketOf(listener), 'port_value') === port) &&
  (type === undefined || same(listenerType(listener), type));

const compareText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** Listeners that pass, by port, address and type. */
export const selectListeners = (
  listeners: readonly JsonRecord[],
  filter: ListenerFilter,
): readonly JsonRecord[] =>
  listeners
    .filter((listener) => passes(listener, filter))
    .toSorted(
      (a, b) =>
        number(socketOf(a), 'port_value') - number(socketOf(b), 'port_value') ||
        compareText(text(socketOf(a), 'address'), text(socketOf(b), 'address')) ||
        compareText(listenerType(a), listenerType(b)),
    );

const place = (listener: JsonRecord): readonly string[] => [
  addressesOf(listener).join(','),
  String(number(socketOf(listener), 'port_value')),
];

const rows = (listener: JsonRecord): readonly (readonly string[])[] =>
  chainsOf(listener)
    .map((chain) => [
      describeChainMatch(message(chain, 'filter_chain_match')),
      describeDestination(chain),
    ])
    .toSorted((a, b) => compareText(b[1] ?? '', a[1] ?? ''))
    .map((cells) => [...place(listener), ...cells]);

/** istioctl's `proxy-config listener`; not verbose, one line for each with its type. */
export const listenerSummary = (listeners: readonly JsonRecord[], verbose: boolean): string =>
  verbose
    ? formatTable([['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'], ...listeners.flatMap(rows)], gap)
    : formatTable(
        [
          ['ADDRESSES', 'PORT', 'TYPE'],
          ...listeners.map((listener) => [...place(listener), listenerType(listener)]),
        ],
        gap,
      );
