import { type Dice, type Jwks, type JwtProviderSettings, parseJwks } from '@lateen/routing';
import type { ClusterDirectory } from '../../http/connection-manager.ts';
import type { Counter } from '../../stats/metric.ts';
import type { StatsRegistry } from '../../stats/registry.ts';
import { readDataSource } from '../../tls/data-source.ts';
import { callCluster } from '../cluster-call.ts';

type Remote = Extract<NonNullable<JwtProviderSettings['jwks']>, { kind: 'remote' }>;

/** Keys of one address. */
interface RemoteKeys {
  keys: Jwks | undefined;
  /** Keys are fresh until then, or a failure is not tried again before; monotonic milliseconds. */
  untilMs: number;
  failed: boolean;
  /** Who waits for the fetch under way. */
  waiting: (() => void)[];
  isFetching: boolean;
}

/** Addresses kept: they come from configuration, and one provider has one. */
const maxRemotes = 1024;
const none: Jwks = { keys: [] };

/** Host, port and path of an address. */
const splitUri = (uri: string): { readonly authority: string; readonly path: string } => {
  const match = /^[a-z]+:\/\/([^/?#]+)([^#]*)/i.exec(uri);
  const path = match?.[2] ?? uri;
  return { authority: match?.[1] ?? '', path: path.startsWith('/') ? path : `/${path}` };
};

/** What the sets need of the proxy. */
export interface KeySetDependencies {
  readonly clusters: ClusterDirectory;
  readonly dice: Dice;
  readonly stats: StatsRegistry;
  readonly nowMs: () => number;
}

/** Keys of all providers of a proxy: given in place, or fetched through clusters and kept a while. */
export class KeySets {
  readonly #deps: KeySetDependencies;
  readonly #local = new WeakMap<JwtProviderSettings, Jwks>();
  readonly #remote = new Map<string, RemoteKeys>();
  readonly #fetched: Counter;
  readonly #failed: Counter;

  constructor(deps: KeySetDependencies) {
    this.#deps = deps;
    const named = (name: string): Counter =>
      deps.stats.counter(`envoy_http_jwt_authn_${name}`, {}, `jwt_authn.${name}`);
    this.#fetched = named('jwks_fetch_success');
    this.#failed = named('jwks_fetch_failed');
  }

  /** Keys of a provider; undefined: they must be fetched first. */
  get(provider: JwtProviderSettings): Jwks | 'failed' | undefined {
    const { jwks } = provider;
    if (jwks === undefined) return 'failed';
    if (jwks.kind === 'local') return this.#localKeys(provider);
    const known = this.#remote.get(keyOf(jwks));
    if (known === undefined) return undefined;
    const isFresh = this.#deps.nowMs() < known.untilMs;
    if (isFresh && known.failed) return known.keys ?? 'failed';
    return isFresh ? known.keys : undefined;
  }

  #localKeys(provider: JwtProviderSettings): Jwks {
    const known = this.#local.get(provider);
    if (known !== undefined) return known;
    const { jwks } = provider;
    let keys: Jwks | undefined;
    try {
      if (jwks?.kind === 'local') keys = parseJwks(readDataSource(jwks.data).toString());
    } catch {
      // A file that cannot be read holds no keys: every token is refused.
    }
    this.#local.set(provider, keys ?? none);
    return keys ?? none;
  }

  /** Fetches keys; `done` is called when there is something new to say, also when it is a failure. */
  fetch({ jwks }: JwtProviderSettings, done: () => void): void {
    if (jwks?.kind !== 'remote') {
      done();
      return;
    }
    const key = keyOf(jwks);
    let entry = this.#remote.get(key);
    if (entry === undefined) {
      if (this.#remote.size >= maxRemotes) this.#remote.clear();
      entry = { keys: undefined, untilMs: 0, failed: false, waiting: [], isFetching: false };
      this.#remote.set(key, entry);
    }
    entry.waiting.push(done);
    if (!entry.isFetching) this.#fetch(entry, jwks, jwks.retries);
  }

  #fetch(entry: RemoteKeys, source: Remote, retriesLeft: number): void {
    const { clusters, dice } = this.#deps;
    const cluster = clusters.get(source.cluster);
    const { authority, path } = splitUri(source.uri);
    entry.isFetching = true;
    if (cluster === undefined) {
      this.#settle(entry, source, undefined);
      return;
    }
    const headers = [['accept', 'application/json, */*']] as const;
    const { timeoutMs } = source;
    const body = Buffer.alloc(0);
    const request = { method: 'GET', path, authority, headers, body, timeoutMs, dice };
    callCluster(cluster, request, (result) => {
      const keys =
        'status' in result && result.status === 200 ? parseJwks(result.body.toString()) : undefined;
      if (keys === undefined && retriesLeft > 0) this.#fetch(entry, source, retriesLeft - 1);
      else this.#settle(entry, source, keys);
    });
  }

  #settle(entry: RemoteKeys, source: Remote, keys: Jwks | undefined): void {
    entry.isFetching = false;
    entry.failed = keys === undefined;
    // Keys that cannot be renewed are out of date: tokens signed with a withdrawn key must not pass.
    entry.keys = keys;
    const lifetimeMs = keys === undefined ? source.failedRefetchMs : source.cacheMs;
    entry.untilMs = this.#deps.nowMs() + lifetimeMs;
    if (keys === undefined) this.#failed.value++;
    else this.#fetched.value++;
    for (const run of entry.waiting.splice(0)) run();
  }
}

const keyOf = ({ cluster, uri }: Remote): string => `${cluster} ${uri}`;
