/** Every authorization case through translator and routing, as `lateen explain` decides it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationCases } from './case-table.ts';
import { simulatedVerdict } from './simulated-verdict.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const cases = authorizationCases();

for (const one of cases) {
  if (one.only === 'sockets') continue;
  test(one.name, () => {
    const { verdict, simulation } = simulatedVerdict(one, now());
    const said = JSON.stringify(simulation?.security?.authorization ?? simulation?.clientSees);
    assert.equal(verdict, one.verdict, said);
  });
}

test('there are as many cases as promised, and no attempt to get around a policy succeeds', () => {
  assert.ok(cases.length >= 150, `${cases.length} cases`);
  const attempts = cases.filter(({ bypass }) => bypass);
  assert.ok(attempts.length >= 40, `${attempts.length} attempts`);
  for (const { name, verdict } of attempts) assert.notEqual(verdict, 200, name);
});
