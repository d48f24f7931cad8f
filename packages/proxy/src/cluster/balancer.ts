import type { Dice } from '@lateen/routing';
import type { Endpoint } from './endpoint.ts';

/** What a balancer may look at for one pick. */
export interface PickContext {
  /** Hash of the request, for consistent hashing; undefined: draw one. */
  readonly hash: number | undefined;
  readonly dice: Dice;
}

/** Chooses among a fixed list of endpoints; built anew when the list changes. */
export interface LoadBalancer {
  pick(context: PickContext): Endpoint | undefined;
}
