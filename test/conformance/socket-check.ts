import assert from 'node:assert/strict';
import type { SimulatedDestination, Simulation } from '@lateen/simulation';
import type { LoggedRequest } from './real-proxy.ts';
import { simulatedAnswer } from './simulated-answer.ts';
import type { SocketAnswer } from './socket-answer.ts';
import type { Row } from './table.ts';

/** A row that sockets can show, and what the simulation says of it. */
export interface SocketCase {
  readonly row: Row;
  readonly simulation: Simulation;
}

/** The row as a case; empty: sockets cannot show it. */
export const bySocket = (row: Row): readonly SocketCase[] => {
  const { expect, caller, modes, url } = row;
  const impossible =
    expect.socketless !== undefined ||
    expect.error !== undefined ||
    expect.refused !== undefined ||
    (caller.kind === 'outbound' && /^(?:https|tcp):/.test(url)) ||
    (caller.kind !== 'gateway' && !modes.includes('NONE'));
  const simulation = impossible ? '' : simulatedAnswer(row, 'NONE');
  return typeof simulation === 'string' ? [] : [{ row, simulation }];
};

/** Cases that one proxy can answer: of one group and caller. */
export const byProxy = (cases: readonly SocketCase[]): readonly (readonly SocketCase[])[] =>
  [...Map.groupBy(cases, ({ row }) => row.group).values()].flatMap((group) => [
    ...Map.groupBy(group, ({ row }) => JSON.stringify(row.caller)).values(),
  ]);

/** How chance may decide one request. */
export interface Draw {
  readonly destination: SimulatedDestination | undefined;
  readonly delayed: boolean;
  readonly aborted: boolean;
  /** Mirrored copies. */
  readonly copies: number;
}

const certain = 100;

/** The draw at a place in [0, 1) for all of them: 0 takes the first alternative, just below 1 the last. */
export const drawAt = (simulation: Simulation, chance: number): Draw => {
  const { destinations, fault, mirrors } = simulation;
  const falls = (part: { readonly percent: number } | null | undefined): boolean =>
    part !== undefined && part !== null && (chance === 0 || part.percent === certain);
  return {
    destination: chance === 0 ? destinations[0] : destinations.at(-1),
    delayed: falls(fault?.delay),
    aborted: falls(fault?.abort),
    copies: mirrors.filter(falls).length,
  };
};

const sides = (part: { readonly percent: number } | null | undefined): readonly boolean[] => {
  if (part === undefined || part === null || part.percent === 0) return [false];
  return part.percent === certain ? [true] : [false, true];
};

/** Every draw there can be. */
export const possibleDraws = ({ destinations, fault, mirrors }: Simulation): readonly Draw[] => {
  const always = mirrors.filter(({ percent }) => percent === certain).length;
  const copies = Array.from({ length: mirrors.length - always + 1 }, (_, more) => always + more);
  const targets = destinations.length === 0 ? [undefined] : destinations;
  return targets.flatMap((destination) =>
    sides(fault?.delay).flatMap((delayed) =>
      sides(fault?.abort).flatMap((aborted) =>
        copies.map((count) => ({ destination, delayed, aborted, copies: count })),
      ),
    ),
  );
};

interface Predicted {
  readonly status: number;
  readonly flags: string;
  /** Undefined: the proxy answers itself. */
  readonly destination: SimulatedDestination | undefined;
}

const predict = (simulation: Simulation, draw: Draw): Predicted => {
  if (simulation.filterChain === null) return { status: 0, flags: '', destination: undefined };
  const delay = draw.delayed ? ['DI'] : [];
  const abort = draw.aborted ? simulation.fault?.abort?.status : undefined;
  const flags = (more: readonly string[]): string => [...delay, ...more].join(',');
  if (abort !== undefined) return { status: abort, flags: flags(['FI']), destination: undefined };
  const { destination } = draw;
  const own = simulation.preflight || simulation.redirect || simulation.directResponse;
  if (destination === undefined || own) {
    const status = simulation.status ?? 0;
    const rest = simulation.responseFlags.filter((flag) => flag !== 'DI');
    return { status, flags: flags(rest), destination: undefined };
  }
  const status = destination.status ?? 200;
  return {
    status,
    flags: flags(destination.responseFlags),
    destination: destination.status === null ? destination : undefined,
  };
};

const checkUpstream = (
  { row, simulation }: SocketCase,
  { upstream }: SocketAnswer,
  destination: SimulatedDestination,
): void => {
  assert.ok(upstream, 'an upstream answers');
  const addresses = destination.endpoints.map(({ address }) => address);
  assert.ok(addresses.includes(upstream.endpoint), `${upstream.endpoint} of ${addresses}`);
  if (simulation.virtualHost === null) return;
  assert.equal(upstream.method, row.method);
  assert.equal(upstream.path, destination.path);
  assert.equal(upstream.authority, destination.authority);
  for (const { name, value } of destination.requestHeaders) {
    assert.equal(upstream.headers[name] ?? null, value, `request header ${name}`);
  }
};

const checkResponseHeaders = (answer: SocketAnswer, destination: SimulatedDestination): void => {
  for (const { name, operation, value } of destination.responseHeaders) {
    if (value.includes('%')) continue;
    assert.equal(answer.headers[name], operation === 'remove' ? undefined : value);
  }
};

const checkLog = (
  simulation: Simulation,
  predicted: Predicted,
  logged: LoggedRequest | undefined,
): void => {
  assert.ok(logged, 'the request is in the access log');
  assert.equal(logged.response_code, predicted.status);
  const flags = logged.response_flags ?? '';
  assert.equal(flags === '-' ? '' : flags, predicted.flags);
  if (simulation.route) assert.equal(logged.route_name, simulation.route);
  const { destination } = predicted;
  if (destination !== undefined) assert.equal(logged.upstream_cluster, destination.cluster);
};

/** What was seen of one request. */
export interface Observation {
  readonly id: string;
  readonly answer: SocketAnswer;
  /** Endpoints that got a copy, the one that answered included. */
  readonly receivers: readonly string[];
}

/** Demands that a request went as the simulation says for a draw. */
export const checkAnswer = (
  one: SocketCase,
  { answer, receivers }: Observation,
  { draw, logged }: { readonly draw: Draw; readonly logged: LoggedRequest | undefined },
): void => {
  const { simulation } = one;
  const predicted = predict(simulation, draw);
  assert.equal(answer.status, predicted.status);
  assert.equal(answer.headers.location, simulation.redirect?.location);
  if (simulation.directResponse !== null) {
    assert.equal(answer.body, simulation.directResponse.body);
  }
  const { destination } = predicted;
  if (destination === undefined) assert.equal(answer.upstream, undefined);
  else {
    checkUpstream(one, answer, destination);
    checkResponseHeaders(answer, destination);
    if (simulation.virtualHost === null) return;
    assert.equal(receivers.length, draw.copies + 1);
  }
  // Of bytes that are passed on the log does not know which request they were.
  if (simulation.virtualHost !== null) checkLog(simulation, predicted, logged);
};

/** A request id whose number, 9,999 of 10,000, no share below the whole samples: a sampled one changes. */
export const unsampledId = (): string => `0000270f${crypto.randomUUID().slice(8)}`;
