import assert from 'node:assert/strict';
import type { EchoUpstreams } from '../echo-upstreams.ts';
import type { AuthorizationCase, Verdict } from './case-table.ts';
import { http2Verdict } from './http2-verdict.ts';
import { type Endpoint, socketVerdict } from './socket-verdict.ts';

const now = (): number => Math.floor(Date.now() / 1000);

/** What only HTTP/1.1 can say, or what Node's client for HTTP/2 refuses to. */
const isHttp1Only = ({ isTcp, raw, headers }: AuthorizationCase): boolean =>
  isTcp ||
  raw !== undefined ||
  headers.some((line) => /^(connection|upgrade|@)/i.test(line)) ||
  headers.filter((line) => /^authorization:/i.test(line)).length > 1;

type Ask = (one: AuthorizationCase, endpoint: Endpoint, nowSeconds: number) => Promise<Verdict>;

/** Ways to ask a case: what its name ends in, how, and whether it can be asked so. */
export const protocols: readonly (readonly [string, Ask, (one: AuthorizationCase) => boolean])[] = [
  ['', socketVerdict, () => true],
  [', by HTTP/2', http2Verdict, (one) => !isHttp1Only(one)],
];

/** Asks a case of the proxy at an endpoint: what the client sees and the application gets is the verdict. */
export const checkCase = async (
  one: AuthorizationCase,
  ask: Ask,
  { endpoint, upstreams }: { readonly endpoint: Endpoint; readonly upstreams: EchoUpstreams },
): Promise<void> => {
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
};
