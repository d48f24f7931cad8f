import type { Dice, ForwardAction } from '@lateen/routing';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { Hash64 } from '../../cluster/xx-hash.ts';
import type { Exchange } from '../../http/exchange.ts';

/** What the choice depends on. */
export interface ChoiceContext {
  readonly cluster: Cluster;
  readonly action: ForwardAction;
  readonly hash: Hash64 | undefined;
  /** Endpoints of tries before. */
  readonly tried: readonly Endpoint[];
  readonly dice: Dice;
}

const maxPort = 65_535;

/** Port of a scheme that names none. */
const defaultPort = 80;

/** `host:port` of an authority; the original destination where the client did not keep one. */
const parseAuthority = (authority: string): { readonly host: string; readonly port: number } => {
  const match = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(authority);
  return { host: match?.[1] ?? authority, port: Number(match?.[2] ?? defaultPort) };
};

/**
 * The address a request for an ORIGINAL_DST cluster means: the header where the cluster names one,
 * else what the client addressed. Without transparent capture that is the authority.
 */
const originalAddress = (
  exchange: Exchange,
  cluster: Cluster,
): { readonly host: string; readonly port: number } => {
  const { discovery } = cluster.table;
  if (discovery.kind !== 'original-dst') return parseAuthority(exchange.authority);
  const header = discovery.header === undefined ? undefined : exchange.header(discovery.header);
  const found = parseAuthority(header ?? exchange.authority);
  return { host: found.host, port: discovery.portOverride ?? found.port };
};

/** Priorities that tries so far have used up (`previous_priorities`); undefined: none. */
const prioritiesLeft = (
  tried: readonly Endpoint[],
  every: number,
): readonly number[] | undefined => {
  if (every === 0 || tried.length < every) return undefined;
  const counted = tried.slice(0, Math.floor(tried.length / every) * every);
  return [...new Set(counted.map(({ entry }) => entry.priority))].sort((a, b) => a - b);
};

/** The endpoint for one try, avoiding those that failed before where the retry policy asks for it. */
export const chooseEndpoint = (
  exchange: Exchange,
  context: ChoiceContext,
): Endpoint | undefined => {
  const { cluster, action, tried, dice } = context;
  if (cluster.isOriginalDestination) {
    const { host, port } = originalAddress(exchange, cluster);
    return port > 0 && port <= maxPort ? cluster.original(host, port) : undefined;
  }
  const avoidPriorities = prioritiesLeft(tried, action.retry?.leavePrioritiesEvery ?? 0);
  const pick = { hash: context.hash, dice, ...(avoidPriorities && { avoidPriorities }) };
  let endpoint = cluster.pick(pick, action.metadataMatch);
  if (tried.length === 0 || action.retry?.avoidPreviousHosts !== true) return endpoint;
  for (let attempt = 1; attempt < action.retry.hostSelectionAttempts; attempt++) {
    if (endpoint === undefined || !tried.includes(endpoint)) return endpoint;
    endpoint = cluster.pick({ ...pick, attempt }, action.metadataMatch);
  }
  return endpoint;
};
