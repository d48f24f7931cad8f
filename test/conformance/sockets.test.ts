/** The same rows through the real proxy: what clients and upstreams see, and what the log says. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { SimulatedDestination, Simulation } from '@lateen/simulation';
import { EchoUpstreams } from './echo-upstreams.ts';
import { type LoggedRequest, startRealProxy } from './real-proxy.ts';
import { simulatedAnswer } from './simulated-answer.ts';
import { askBySocket, type SocketAnswer } from './socket-answer.ts';
import { allRows, type Row } from './table.ts';

const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** The first row of a group waits for the group. */
const testTimeoutMs = 30_000;

/** Where draws fall: the first alternative, and the last. */
const chances = [0, 0.999_999_9] as const;

interface Case {
  readonly row: Row;
  readonly simulation: Simulation;
}

const bySocket = (row: Row): readonly Case[] => {
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

const callerKey = ({ caller }: Row): string => JSON.stringify(caller);

/** Rows that one proxy can answer: of one group and caller. */
const groups = Map.groupBy(allRows().flatMap(bySocket), ({ row }) => row.group);

interface Observation {
  readonly id: string;
  readonly chance: number;
  readonly answer: SocketAnswer;
  /** Endpoints that got a mirrored copy, the one that answered included. */
  readonly receivers: readonly string[];
}

/** Which destination the draw takes. */
const chosen = ({ destinations }: Simulation, chance: number): SimulatedDestination | undefined =>
  chance === 0 ? destinations[0] : destinations.at(-1);

/** A fault that the draw injects. */
const aborted = ({ fault }: Simulation, chance: number): number | undefined =>
  fault?.abort && (chance === 0 || fault.abort.percent === 100) ? fault.abort.status : undefined;

const delayed = ({ fault }: Simulation, chance: number): boolean =>
  fault?.delay !== undefined &&
  fault.delay !== null &&
  (chance === 0 || fault.delay.percent === 100);

interface Predicted {
  readonly status: number;
  readonly flags: string;
  /** Undefined: the proxy answers itself. */
  readonly destination: SimulatedDestination | undefined;
}

const predict = (simulation: Simulation, chance: number): Predicted => {
  if (simulation.filterChain === null) return { status: 0, flags: '', destination: undefined };
  const delay = delayed(simulation, chance) ? ['DI'] : [];
  const abort = aborted(simulation, chance);
  const flags = (more: readonly string[]): string => [...delay, ...more].join(',');
  if (abort !== undefined) return { status: abort, flags: flags(['FI']), destination: undefined };
  const destination = chosen(simulation, chance);
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
  { row, simulation }: Case,
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
  assert.equal(logged.response_flags ?? '', predicted.flags);
  if (simulation.route) assert.equal(logged.route_name, simulation.route);
  const { destination } = predicted;
  if (destination !== undefined) assert.equal(logged.upstream_cluster, destination.cluster);
};

const check = (
  one: Case,
  { answer, chance, receivers }: Observation,
  logged: LoggedRequest | undefined,
): void => {
  const { simulation } = one;
  const predicted = predict(simulation, chance);
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
    const mirrored = simulation.mirrors.filter(({ percent }) => chance === 0 || percent === 100);
    assert.equal(receivers.length, mirrored.length + 1);
  }
  // Of bytes that are passed on the log does not know which request they were.
  if (simulation.virtualHost !== null) checkLog(simulation, predicted, logged);
};

/** A request id whose number, 9,999 of 10,000, no share below the whole samples: a sampled one changes. */
const unsampledId = (): string => `0000270f${crypto.randomUUID().slice(8)}`;

const observe = async (
  { row, simulation }: Case,
  port: number,
  chance: number,
): Promise<Observation> => {
  const id = unsampledId();
  const answer = await askBySocket(row, port, id);
  const copies = simulation.mirrors.filter(({ percent }) => chance === 0 || percent === 100);
  const passedOn = simulation.virtualHost === null;
  const count = answer.upstream === undefined || passedOn ? 0 : copies.length + 1;
  return { id, chance, answer, receivers: await upstreams.receivers(id, count) };
};

/** Asks a proxy every row at every chance, then stops it so that its log is complete. */
const runGroup = async (cases: readonly Case[]) => {
  const [first] = cases;
  if (first === undefined) return { observations: new Map<Case, Observation[]>(), log: new Map() };
  const proxy = await startRealProxy(first.row, upstreams);
  const observations = new Map<Case, Observation[]>();
  try {
    for (const chance of chances) {
      proxy.setChance(chance);
      for (const one of cases) {
        const listener = one.simulation.listener ?? '';
        const port = proxy.port(listener);
        assert.ok(port, `${one.row.name}: the proxy has no listener "${listener}"`);
        const seen = observations.get(one) ?? [];
        observations.set(one, [...seen, await observe(one, port, chance)]);
      }
    }
  } finally {
    const log = await proxy.stop();
    // biome-ignore lint/correctness/noUnsafeFinally: the log is complete only once the proxy is stopped
    return { observations, log };
  }
};

for (const cases of groups.values()) {
  for (const sameCaller of Map.groupBy(cases, ({ row }) => callerKey(row)).values()) {
    const run = Promise.withResolvers<Awaited<ReturnType<typeof runGroup>>>();
    let started = false;
    const results = () => {
      if (!started) {
        started = true;
        runGroup(sameCaller).then(run.resolve, run.reject);
      }
      return run.promise;
    };
    for (const one of sameCaller) {
      test(`by sockets: ${one.row.name}`, { timeout: testTimeoutMs }, async () => {
        const { observations, log } = await results();
        const seen = observations.get(one) ?? [];
        assert.equal(seen.length, chances.length, 'it was asked at every chance');
        for (const observation of seen) check(one, observation, log.get(observation.id));
      });
    }
  }
}
