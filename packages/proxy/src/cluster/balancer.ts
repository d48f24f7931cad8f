import type { Dice } from '@lateen/routing';
import type { Endpoint } from './endpoint.ts';
import type { Hash64 } from './xx-hash.ts';

/** What a balancer may look at for one pick. */
export interface PickContext {
  /** Hash of the request, for consistent hashing; undefined: draw one. */
  readonly hash: Hash64 | undefined;
  readonly dice: Dice;
  /**
   * Picks before this one that the retry policy would not take; default 0. Consistent hashing would
   * give the same endpoint again and again.
   */
  readonly attempt?: number;
  /** Priorities of tries before that shall be left alone while others are fit; default none. */
  readonly avoidPriorities?: readonly number[];
}

/** Chooses among a fixed list of endpoints; built anew when the list changes. */
export interface LoadBalancer {
  pick(context: PickContext): Endpoint | undefined;
}

/** Nothing to choose from. */
export const noEndpoints: LoadBalancer = { pick: () => undefined };

/** An endpoint and its part of all traffic, 0 to 1. */
export interface EndpointShare {
  readonly endpoint: Endpoint;
  readonly share: number;
}

/** The request's hash, or a drawn one. */
export const hashOf = ({ hash, dice }: PickContext): Hash64 =>
  hash ?? { high: dice(0x1_0000_0000), low: dice(0x1_0000_0000) };

/**
 * What an endpoint is hashed by, as Envoy: `hash_key` of its `envoy.lb` metadata, else its host name
 * where asked for, else `address:port`.
 */
export const hashKey = ({ entry }: Endpoint, useHostname: boolean): string => {
  const metadata = entry.metadata['envoy.lb'];
  if (typeof metadata === 'object' && metadata !== null) {
    const key = (metadata as Readonly<Record<string, unknown>>)['hash_key'];
    if (typeof key === 'string' && key !== '') return key;
  }
  return useHostname && entry.hostname !== '' ? entry.hostname : entry.key;
};
