/** The same cases through the real proxy: what a client with that address and certificate sees. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EchoUpstreams } from '../echo-upstreams.ts';
import { caseGroups } from './case-groups.ts';
import { type AuthorizationCase, authorizationCases, type Verdict } from './case-table.ts';
import { http2Verdict } from './http2-verdict.ts';
import { type Endpoint, socketVerdict } from './socket-verdict.ts';

const now = (): number => Math.floor(Date.now() / 1000);
const upstreams = new EchoUpstreams();
after(() => upstreams.close());

/** The first case of a group waits for the group's proxy. */
const testTimeoutMs = 300_000;

/** What only HTTP/1.1 can say, or what Node's client for HTTP/2 refuses to. */
const isHttp1Only = ({ isTcp, raw, headers }: AuthorizationCase): boolean =>
  isTcp ||
  raw !== undefined ||
  headers.some((line) => /^(connection|upgrade|@)/i.test(line)) ||
  headers.filter((line) => /^authorization:/i.test(line)).length > 1;

type Ask = (one: AuthorizationCase, endpoint: Endpoint, nowSeconds: number) => Promise<Verdict>;

const protocols: readonly (readonly [string, Ask, (one: AuthorizationCase) => boolean])[] = [
  ['', socketVerdict, () => true],
  [', by HTTP/2', http2Verdict, (one) => !isHttp1Only(one)],
];

const cases = authorizationCases().filter(({ only }) => only !== 'simulation');

for (const { cases: group, endpointOf } of caseGroups(cases, upstreams)) {
  for (const one of group) {
    for (const [suffix, ask, applies] of protocols) {
      if (!applies(one)) continue;
      test(one.name + suffix, { timeout: testTimeoutMs }, async () => {
        const endpoint = await endpointOf(one);
        const before = upstreams.seen.length;
        const verdict = await ask(one, endpoint, now());
        // What is malformed in HTTP/2 is an error of the stream (RFC 9113, 8.1.1).
        const isMalformed = ask === http2Verdict && one.verdict === 400 && verdict === 'refused';
        if (!isMalformed) assert.equal(verdict, one.answered ?? one.verdict);
        const delivered = upstreams.seen.length - before;
        // The provider that is asked gets a request too.
        const asked = one.verdict === 'asks' ? 1 : 0;
        const passes = (one.answered ?? one.verdict) === 200 ? 1 : 0;
        if (!one.isTcp) assert.equal(delivered, asked + passes, 'requests delivered');
      });
    }
  }
}
