/** The same cases through the real proxy: what a client with that address and certificate sees. */
import { after, test } from 'node:test';
import { EchoUpstreams } from '../echo-upstreams.ts';
import { checkCase, protocols } from './case-exchange.ts';
import { caseGroups } from './case-groups.ts';
import { authorizationCases } from './case-table.ts';

const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** The first case of a group waits for the group's proxy. */
const testTimeoutMs = 300_000;

const cases = authorizationCases().filter(({ only }) => only !== 'simulation');

for (const { cases: group, endpointOf } of caseGroups(cases, upstreams)) {
  for (const one of group) {
    for (const [suffix, ask, applies] of protocols) {
      if (!applies(one)) continue;
      test(one.name + suffix, { timeout: testTimeoutMs }, async () => {
        await checkCase(one, ask, { endpoint: await endpointOf(one), upstreams });
      });
    }
  }
}
