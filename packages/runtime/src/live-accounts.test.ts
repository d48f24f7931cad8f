import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { ManualClock } from '@lateen/base';
import { createTokenAuthority, createTokenKey } from '@lateen/identity';
import { liveAccountVerifier } from './live-accounts.ts';

test('a token ends with its account, with its pod, and when one of the same name takes its place', async () => {
  const tokens = createTokenAuthority(createTokenKey(), new ManualClock(Date.now()));
  const objects = new Map<string, string>();
  const verify = liveAccountVerifier(tokens, (...path) => {
    const uid = objects.get(path.join('/'));
    const [, namespace = '', name = ''] = path;
    const metadata = { namespace, name, uid };
    return uid === undefined
      ? undefined
      : ({ apiVersion: 'v1', kind: 'X', metadata } as unknown as KubeObject);
  });
  const token = await tokens.issue({
    namespace: 'default',
    name: 'web',
    uid: 'a1',
    pod: { name: 'web-1', uid: 'p1' },
    audiences: ['istio-ca'],
    lifetimeMs: 60_000,
  });
  const user = async () => (await verify(token, 'istio-ca'))?.username;
  assert.equal(await user(), undefined);
  objects.set('serviceaccounts/default/web', 'a1');
  assert.equal(await user(), undefined);
  objects.set('pods/default/web-1', 'p1');
  assert.equal(await user(), 'system:serviceaccount:default:web');
  assert.equal(await verify(token), undefined);
  objects.set('pods/default/web-1', 'p2');
  assert.equal(await user(), undefined);
  objects.set('pods/default/web-1', 'p1').set('serviceaccounts/default/web', 'a2');
  assert.equal(await user(), undefined);
});
