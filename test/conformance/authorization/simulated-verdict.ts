import {
  repeatedHeaders,
  type SimulatedRequest,
  type Simulation,
  simulate,
} from '@lateen/simulation';
import { meshOf } from '../simulated-answer.ts';
import type { AuthorizationCase, Verdict } from './case-table.ts';
import { makeToken, verifyTestToken } from './test-tokens.ts';

/** The token in place of `%` in header lines and path; without one an Authorization header is added. */
export const placeToken = (
  one: AuthorizationCase,
  nowSeconds: number,
): { readonly path: string; readonly headers: readonly string[] } => {
  const { path, headers, token } = one;
  if (token === undefined) return { path, headers };
  const text = makeToken(token, nowSeconds);
  const isPlaced = [path, ...headers].some((line) => line.includes('{token}'));
  if (!isPlaced) return { path, headers: [`authorization: Bearer ${text}`, ...headers] };
  const put = (line: string): string => line.replaceAll('{token}', text);
  return { path: put(path), headers: headers.map(put) };
};

const headerMap = (lines: readonly string[]): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  return headers;
};

const requestOf = (one: AuthorizationCase, nowSeconds: number): SimulatedRequest => {
  const { path, headers } = placeToken(one, nowSeconds);
  return {
    method: one.method,
    scheme: one.isTcp ? 'tcp' : 'http',
    host: one.host.replace(/:\d+$/, ''),
    port: one.port,
    urlAuthority: one.host,
    authority: one.host,
    serverName: '',
    path,
    headers: headerMap(headers),
    repeated: repeatedHeaders(headers),
  };
};

const verdictOf = (simulation: Simulation): Verdict => {
  const { status, clientSees, security } = simulation;
  const asks = security?.authorization.some(({ verdict }) => verdict === 'asks');
  if (status !== null) return status as Verdict;
  if (asks) return 'asks';
  return simulation.destinations.length === 0 ||
    /^a (closed|failed|connection reset)/.test(clientSees)
    ? 'refused'
    : 200;
};

/** What translator and routing make of a case; a text when it cannot be asked. */
export const simulatedVerdict = (
  one: AuthorizationCase,
  nowSeconds: number,
): { readonly verdict: Verdict | string; readonly simulation: Simulation | undefined } => {
  const { value, diagnostics } = simulate({
    ...meshOf(one),
    caller:
      one.gateway === undefined
        ? { kind: 'inbound', workload: 'web' }
        : { kind: 'gateway', gateway: one.gateway },
    request: requestOf(one, nowSeconds),
    client: {
      address: one.source,
      nowSeconds,
      verify: verifyTestToken,
      ...(one.principal !== undefined && { principal: one.principal }),
    },
    interceptionMode: 'NONE',
  });
  if (value === undefined) return { verdict: diagnostics[0]?.message ?? '', simulation: undefined };
  return { verdict: verdictOf(value), simulation: value };
};
