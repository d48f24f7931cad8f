import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../contract/problem.ts';
import { type AccessPolicy, guardRequest } from './request-guard.ts';

const policy: AccessPolicy = {
  allowedHosts: () => new Set(['kiali.ik8s.cc']),
  token: 'right-token',
  isReadOnly: false,
};

type Headers = Readonly<Record<string, string>>;

const write: Headers = {
  host: '127.0.0.1:20001',
  'content-type': 'application/json',
  'content-length': '2',
  'x-lateen-request': '1',
};

/** `read`, `write`, or the code of the refusal. */
const verdictOf = (
  method: string,
  headers: Headers,
  { remoteAddress = '127.0.0.1', of = policy }: { remoteAddress?: string; of?: AccessPolicy } = {},
): string => {
  const verdict = guardRequest({ method, headers, remoteAddress }, of);
  if (verdict.refusal !== undefined) return (verdict.refusal.body as Problem).code;
  return verdict.canWrite ? 'write' : 'read';
};

const cases: readonly (readonly [
  what: string,
  method: string,
  headers: Headers,
  verdict: string,
])[] = [
  ['loopback reads and writes', 'GET', { host: 'localhost:20001' }, 'write'],
  ['a name below localhost', 'GET', { host: 'a.localhost' }, 'write'],
  ['IPv6', 'GET', { host: '[::1]:20001' }, 'write'],
  [
    'another name for this address (DNS rebinding)',
    'GET',
    { host: 'evil.example:20001' },
    'forbidden',
  ],
  ['a name that only starts like ours', 'GET', { host: '127.0.0.1.evil.example' }, 'forbidden'],
  ['no Host at all', 'GET', {}, 'forbidden'],
  ['a Host that is none', 'GET', { host: 'a b' }, 'forbidden'],
  ['a name that was allowed reads only', 'GET', { host: 'kiali.ik8s.cc' }, 'read'],
  [
    'with the token it writes',
    'PUT',
    { ...write, host: 'kiali.ik8s.cc', authorization: 'Bearer right-token' },
    'write',
  ],
  [
    'a wrong token',
    'GET',
    { host: '127.0.0.1', authorization: 'Bearer wrong-token' },
    'unauthorized',
  ],
  ['a program on this machine', 'PUT', write, 'write'],
  [
    'our own page',
    'PUT',
    { ...write, origin: 'http://127.0.0.1:20001', 'sec-fetch-site': 'same-origin' },
    'write',
  ],
  ['a page of another site', 'PUT', { ...write, origin: 'https://evil.example' }, 'forbidden'],
  ['a page of another port', 'PUT', { ...write, origin: 'http://127.0.0.1:8080' }, 'forbidden'],
  ['a sandboxed page', 'PUT', { ...write, origin: 'null' }, 'forbidden'],
  [
    'a browser that says cross-site',
    'POST',
    { ...write, 'sec-fetch-site': 'cross-site' },
    'forbidden',
  ],
  [
    'a browser that says same-site',
    'POST',
    { ...write, 'sec-fetch-site': 'same-site' },
    'forbidden',
  ],
  [
    'without our header',
    'POST',
    { host: write['host'] as string, 'content-type': 'application/json' },
    'forbidden',
  ],
  ['a form', 'POST', { ...write, 'content-type': 'text/plain' }, 'unsupported-media-type'],
  ['a deletion without a body', 'DELETE', { host: '127.0.0.1', 'x-lateen-request': '1' }, 'write'],
  [
    'a script of another site',
    'GET',
    { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    'forbidden',
  ],
  [
    'a link on another site',
    'GET',
    { host: '127.0.0.1', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    'write',
  ],
  ['through the relay of a pod', 'GET', { host: '127.0.0.1', 'x-lateen-relayed': '1' }, 'read'],
];

for (const [what, method, headers, expected] of cases) {
  test(`${what}: ${expected}`, () => assert.equal(verdictOf(method, headers), expected));
}

test('other machines read only, and a read-only server takes nothing without the token', () => {
  const host = '127.0.0.1:20001';
  assert.equal(verdictOf('GET', { host }, { remoteAddress: '10.0.0.7' }), 'read');
  assert.equal(verdictOf('GET', { host }, { remoteAddress: '::ffff:127.0.0.1' }), 'write');
  const of = { ...policy, isReadOnly: true };
  assert.equal(verdictOf('GET', { host }, { of }), 'read');
  assert.equal(verdictOf('GET', { host, authorization: 'Bearer right-token' }, { of }), 'write');
  const { token: _, ...noToken } = of;
  assert.equal(verdictOf('GET', { host, authorization: 'Bearer ' }, { of: noToken }), 'read');
  assert.equal(
    verdictOf('GET', { host, authorization: 'Bearer x' }, { of: noToken }),
    'unauthorized',
  );
});
