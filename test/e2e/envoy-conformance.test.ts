/** The rows of test/conformance through a real Envoy, with what the translator makes for one. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { EchoUpstreams } from '../conformance/echo-upstreams.ts';
import { DiscoveryServer } from '../conformance/envoy/discovery-server.ts';
import { envoyMissing } from '../conformance/envoy/envoy-program.ts';
import { startRealEnvoy } from '../conformance/envoy/real-envoy.ts';
import type { LoggedRequest } from '../conformance/real-proxy.ts';
import { askBySocket } from '../conformance/socket-answer.ts';
import {
  byProxy,
  bySocket,
  checkAnswer,
  type Observation,
  possibleDraws,
  type SocketCase,
  unsampledId,
} from '../conformance/socket-check.ts';
import { allRows } from '../conformance/table.ts';

const upstreams = new EchoUpstreams();
const discovery = new DiscoveryServer();
let discoveryPort = 0;

before(async () => {
  discoveryPort = await discovery.listen();
});
after(async () => {
  discovery.close();
  await upstreams.close();
});

/** The first row of a group waits for the group. */
const options = { timeout: 300_000 } as const;

const observe = async ({ row, simulation }: SocketCase, port: number): Promise<Observation> => {
  const id = unsampledId();
  const answer = await askBySocket(row, port, id);
  const copies = Math.min(...possibleDraws(simulation).map((draw) => draw.copies));
  const passedOn = simulation.virtualHost === null;
  const count = answer.upstream === undefined || passedOn ? 0 : copies + 1;
  return { id, answer, receivers: await upstreams.receivers(id, count) };
};

/** Asks an Envoy every row once, then stops it so that its log is complete. */
const runGroup = async (cases: readonly SocketCase[]) => {
  const observations = new Map<SocketCase, Observation>();
  const failures = new Map<SocketCase, unknown>();
  const [first] = cases;
  assert.ok(first);
  const envoy = await startRealEnvoy(first.row, upstreams, {
    server: discovery,
    port: discoveryPort,
  });
  let log: ReadonlyMap<string, LoggedRequest> = new Map();
  try {
    for (const one of cases) {
      const listener = one.simulation.listener ?? '';
      const port = envoy.port(listener);
      try {
        assert.ok(port, `Envoy has no listener "${listener}"`);
        observations.set(one, await observe(one, port));
      } catch (error) {
        failures.set(one, error);
      }
    }
  } finally {
    log = await envoy.stop();
  }
  return { observations, failures, log };
};

/** Chance is Envoy's own: the answer must be one that some draw explains. */
const checkSome = (
  one: SocketCase,
  observation: Observation,
  logged: LoggedRequest | undefined,
): void => {
  const errors: unknown[] = [];
  for (const draw of possibleDraws(one.simulation)) {
    try {
      checkAnswer(one, observation, { draw, logged });
      return;
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors[0];
};

for (const cases of byProxy(allRows().flatMap(bySocket))) {
  let run: ReturnType<typeof runGroup> | undefined;
  for (const one of cases) {
    const skip = envoyMissing || (one.row.expect.notInEnvoy ?? false);
    test(`by Envoy: ${one.row.name}`, { ...options, skip }, async () => {
      run ??= runGroup(cases);
      const { observations, failures, log } = await run;
      if (failures.has(one)) throw failures.get(one);
      const observation = observations.get(one);
      assert.ok(observation, 'it was asked');
      checkSome(one, observation, log.get(observation.id));
    });
  }
}
