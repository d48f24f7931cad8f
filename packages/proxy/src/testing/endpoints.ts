import type { EndpointEntry } from '@lateen/routing';
import { Endpoint } from '../cluster/endpoint.ts';

/** What a balancer sees of an endpoint nobody listens on. */
export const entryOf = (host: string, more: Partial<EndpointEntry> = {}): EndpointEntry => ({
  address: { kind: 'socket', host, port: 8080 },
  key: `${host}:8080`,
  hostname: '',
  weight: 1,
  health: 'healthy',
  priority: 0,
  locality: { region: '', zone: '', subZone: '' },
  localityWeight: undefined,
  metadata: {},
  ...more,
});

/** Endpoints `10.0.0.1:8080`, `10.0.0.2:8080` and so on. */
export const endpointsOf = (count: number, weights: readonly number[] = []): Endpoint[] =>
  Array.from(
    { length: count },
    (_, at) => new Endpoint(entryOf(`10.0.0.${at + 1}`, { weight: weights[at] ?? 1 }), 0),
  );

/** Numbers below a limit, the same for the same seed (xorshift32 with a multiplicative finish). */
export const seededDice = (seed: number): ((limit: number) => number) => {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor((((Math.imul(state, 0x9e3779b1) >>> 0) + 0.5) / 0x1_0000_0000) * limit);
  };
};
