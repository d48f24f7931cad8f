import type { Dice, Mirror } from '@lateen/routing';
import type { ClusterDirectory } from '../../http/connection-manager.ts';
import type { Exchange } from '../../http/exchange.ts';
import type { RequestSpan } from '../../tracing/request-span.ts';
import { MirrorCall } from './mirror-call.ts';

/** What mirroring needs to know about an exchange. */
export interface MirroredExchange extends Exchange {
  readonly requestDone: boolean;
  readonly span: RequestSpan | undefined;
  readonly manager: {
    readonly deps: { readonly dice: Dice; readonly clusters: ClusterDirectory };
  };
}

const whole = 1_000_000;
const none: readonly MirrorCall[] = [];

const startOne = (
  exchange: MirroredExchange,
  mirror: Mirror,
  startLine: string | undefined,
): MirrorCall | undefined => {
  const { dice, clusters } = exchange.manager.deps;
  if (mirror.fraction < whole && dice(whole) >= mirror.fraction) return undefined;
  const { clusterHeader } = mirror;
  const name = clusterHeader === undefined ? mirror.cluster : exchange.header(clusterHeader);
  const cluster = name === undefined ? undefined : clusters.get(name);
  if (cluster === undefined) return undefined;
  const { request } = exchange;
  const authority = request.get('host') ?? exchange.authority;
  if (mirror.hostSuffix) request.set('host', `${authority}-shadow`);
  const span = mirror.traceSampled ? undefined : exchange.span;
  span?.injectUnsampled(request);
  const head = request.serialize(startLine);
  span?.inject(request);
  if (mirror.hostSuffix) request.set('host', authority);
  const call = MirrorCall.start(cluster, { head, authority, dice });
  if (exchange.requestDone) call?.bodyEnd();
  return call;
};

/** Sends the copies of a request that its route asks for. */
export const startMirrors = (
  exchange: MirroredExchange,
  mirrors: readonly Mirror[],
  startLine: string | undefined,
): readonly MirrorCall[] => {
  if (mirrors.length === 0) return none;
  return mirrors.flatMap((mirror) => startOne(exchange, mirror, startLine) ?? []);
};
