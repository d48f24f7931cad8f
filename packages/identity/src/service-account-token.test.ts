import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { createTokenAuthority, createTokenKey } from './service-account-token.ts';

const account = {
  namespace: 'istio-system',
  name: 'istiod',
  uid: 'u1',
  pod: { name: 'istiod-1', uid: 'p1' },
};

test('a token speaks for its account until it expires, and only to its audience', async () => {
  const clock = new ManualClock(Date.now());
  const authority = createTokenAuthority(createTokenKey(), clock);
  const token = await authority.issue({ ...account, lifetimeMs: 3_600_000 });
  assert.deepEqual(await authority.verify(token), account);
  assert.equal(await authority.verify(token, 'istio-ca'), undefined);
  clock.advance(3_601_000);
  assert.equal(await authority.verify(token), undefined);
});

test('refuses tokens of another key, changed tokens, and algorithm none', async () => {
  const clock = new ManualClock(Date.now());
  const authority = createTokenAuthority(createTokenKey(), clock);
  const other = createTokenAuthority(createTokenKey(), clock);
  const token = await authority.issue({ ...account, lifetimeMs: 60_000 });
  const [, payload = ''] = token.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  assert.equal(await other.verify(token), undefined);
  assert.equal(await authority.verify(`${token.slice(0, -4)}AAAA`), undefined);
  assert.equal(await authority.verify(`${none}.${payload}.`), undefined);
  assert.equal(await authority.verify('rubbish'), undefined);
});
