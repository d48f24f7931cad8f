/** The same cases through the real proxy: what a client with that address and certificate sees. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EchoUpstreams } from '../echo-upstreams.ts';
import { type CaseProxy, startCaseProxy } from './case-proxy.ts';
import { type AuthorizationCase, authorizationCases } from './case-table.ts';
import { simulatedVerdict } from './simulated-verdict.ts';
import { socketVerdict } from './socket-verdict.ts';

const nowSeconds = Math.floor(Date.now() / 1000);
const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** The first case of a group waits for the group's proxy. */
const testTimeoutMs = 30_000;

const listenerOf = (one: AuthorizationCase): string | undefined =>
  simulatedVerdict(one, nowSeconds).simulation?.listener ?? undefined;

const cases = authorizationCases().filter(({ only }) => only !== 'simulation');

for (const group of Map.groupBy(cases, (one) => one.group).values()) {
  const [first] = group;
  if (first === undefined) continue;
  const listeners = new Set(group.flatMap((one) => listenerOf(one) ?? []));
  let started: Promise<CaseProxy> | undefined;
  const proxy = (): Promise<CaseProxy> => {
    started ??= startCaseProxy(first, listeners, upstreams);
    return started;
  };
  after(async () => (await started)?.stop());
  for (const one of group) {
    test(one.name, { timeout: testTimeoutMs }, async () => {
      const { address, port: portOf } = await proxy();
      const port = portOf(listenerOf(one) ?? '');
      assert.ok(port !== undefined, 'nothing listens');
      const before = upstreams.seen.length;
      assert.equal(await socketVerdict(one, { address, port }, nowSeconds), one.verdict);
      const delivered = upstreams.seen.length - before;
      if (!one.isTcp) assert.equal(delivered, one.verdict === 200 ? 1 : 0, 'requests delivered');
    });
  }
}
