/** The same rows through the real proxy: what clients and upstreams see, and what the log says. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EchoUpstreams } from './echo-upstreams.ts';
import { startRealProxy } from './real-proxy.ts';
import { askBySocket } from './socket-answer.ts';
import {
  byProxy,
  bySocket,
  checkAnswer,
  type Draw,
  drawAt,
  type Observation,
  type SocketCase,
  unsampledId,
} from './socket-check.ts';
import { allRows } from './table.ts';

const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** The first row of a group waits for the group. */
const testTimeoutMs = 300_000;

/** Where draws fall: the first alternative, and the last. */
const chances = [0, 0.999_999_9] as const;

interface DrawnObservation extends Observation {
  readonly draw: Draw;
}

const observe = async (
  { row, simulation }: SocketCase,
  port: number,
  chance: number,
): Promise<DrawnObservation> => {
  const id = unsampledId();
  const answer = await askBySocket(row, port, id);
  const draw = drawAt(simulation, chance);
  const passedOn = simulation.virtualHost === null;
  const count = answer.upstream === undefined || passedOn ? 0 : draw.copies + 1;
  return { id, draw, answer, receivers: await upstreams.receivers(id, count) };
};

/** Asks a proxy every row at every chance, then stops it so that its log is complete. */
const runGroup = async (cases: readonly SocketCase[]) => {
  const [first] = cases;
  if (first === undefined) {
    return { observations: new Map<SocketCase, DrawnObservation[]>(), log: new Map() };
  }
  const proxy = await startRealProxy(first.row, upstreams);
  const observations = new Map<SocketCase, DrawnObservation[]>();
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

for (const cases of byProxy(allRows().flatMap(bySocket))) {
  const run = Promise.withResolvers<Awaited<ReturnType<typeof runGroup>>>();
  let started = false;
  const results = () => {
    if (!started) {
      started = true;
      runGroup(cases).then(run.resolve, run.reject);
    }
    return run.promise;
  };
  for (const one of cases) {
    test(`by sockets: ${one.row.name}`, { timeout: testTimeoutMs }, async () => {
      const { observations, log } = await results();
      const seen = observations.get(one) ?? [];
      assert.equal(seen.length, chances.length, 'it was asked at every chance');
      for (const observation of seen) {
        const { draw, id } = observation;
        checkAnswer(one, observation, { draw, logged: log.get(id) });
      }
    });
  }
}
