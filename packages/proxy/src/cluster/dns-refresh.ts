import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { ClusterTable, EndpointEntry, EndpointTable } from '@lateen/routing';

/** Addresses taken from one name. */
const maxAddressesPerName = 256;

const families: Readonly<Record<ClusterTable['dnsFamily'], 0 | 4 | 6>> = {
  auto: 0,
  v4: 4,
  v6: 6,
  'v4-preferred': 0,
  all: 0,
};

const resolveEntry = async (
  entry: EndpointEntry,
  cluster: ClusterTable,
): Promise<readonly EndpointEntry[]> => {
  const { address } = entry;
  if (address.kind !== 'socket' || isIP(address.host) !== 0) return [entry];
  const family = families[cluster.dnsFamily];
  const found = await lookup(address.host, { all: true, family });
  const addresses = found.slice(
    0,
    cluster.discovery.kind === 'logical-dns' ? 1 : maxAddressesPerName,
  );
  return addresses.map(({ address: host, family: version }) => ({
    ...entry,
    address: { kind: 'socket', host, port: address.port },
    key: version === 6 ? `[${host}]:${address.port}` : `${host}:${address.port}`,
    hostname: entry.hostname === '' ? address.host : entry.hostname,
  }));
};

const resolveAll = async (
  cluster: ClusterTable,
  table: EndpointTable,
): Promise<EndpointTable | undefined> => {
  const results = await Promise.allSettled(
    table.endpoints.map((entry) => resolveEntry(entry, cluster)),
  );
  const resolved = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  // A name that cannot be resolved for now keeps what was known (Envoy does so too).
  if (resolved.length === 0 && table.endpoints.length > 0) return undefined;
  const unique = new Map(resolved.map((entry) => [entry.key, entry]));
  return { ...table, endpoints: [...unique.values()] };
};

/** Resolves the names of a DNS cluster now and again; the returned function stops it. */
export const refreshByDns = (
  cluster: ClusterTable,
  resolved: (table: EndpointTable | undefined) => void,
): (() => void) => {
  const table = cluster.endpoints;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const run = async (): Promise<void> => {
    const next = table === undefined ? undefined : await resolveAll(cluster, table);
    if (stopped) return;
    resolved(next);
    timer = setTimeout(() => void run(), cluster.dnsRefreshMs);
    timer.unref();
  };
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
};
