import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../api-error.ts';
import type { UserInfo } from '../auth/authentication.ts';
import { ruleAuthorizer } from '../auth/authorization.ts';
import { answerReview, isReview, type ReviewRequest } from './review.ts';

const admin: UserInfo = { username: 'root', groups: ['system:masters', 'system:authenticated'] };
const reader: UserInfo = { username: 'jo', groups: ['readers'] };

const ask = async (plural: string, spec: unknown, more: Partial<ReviewRequest> = {}) => {
  const answer = await answerReview({
    group: 'authorization.k8s.io',
    version: 'v1',
    plural,
    namespace: undefined,
    name: undefined,
    subresource: undefined,
    body: { metadata: {}, spec },
    user: reader,
    authorizer: ruleAuthorizer([
      { subject: 'readers', verbs: ['get', 'list'], resources: ['/pods', '/pods/log'] },
    ]),
    verifyToken: async (token) => (token === 'good' ? reader : undefined),
    issueToken: async ({ name, lifetimeMs }) => `${name}-${lifetimeMs}`,
    nowMs: 0,
    ...more,
  });
  return (answer as { status: Record<string, unknown> }).status;
};

test('an access review answers as the authorizer does', async () => {
  const rows: readonly [unknown, boolean][] = [
    [{ resourceAttributes: { verb: 'get', resource: 'pods' } }, true],
    [{ resourceAttributes: { verb: 'get', resource: 'pods', subresource: 'log' } }, true],
    [{ resourceAttributes: { verb: 'get', resource: 'pods', subresource: 'exec' } }, false],
    [{ resourceAttributes: { verb: 'delete', resource: 'pods' } }, false],
    [{ nonResourceAttributes: { verb: 'get', path: '/apis/apps' } }, true],
    [{ nonResourceAttributes: { verb: 'get', path: '/metrics' } }, false],
    ['nonsense', false],
    [null, false],
  ];
  for (const [spec, allowed] of rows)
    assert.equal(
      (await ask('selfsubjectaccessreviews', spec))['allowed'],
      allowed,
      JSON.stringify(spec),
    );
  const all = await ask('selfsubjectaccessreviews', {}, { user: admin });
  assert.equal(all['allowed'], true);
});

test('asking about others takes the right to', async () => {
  const spec = { user: 'root', groups: ['system:masters'], resourceAttributes: { verb: '*' } };
  await assert.rejects(ask('subjectaccessreviews', spec), { code: 'Forbidden' });
  assert.deepEqual(await ask('subjectaccessreviews', spec, { user: admin }), { allowed: true });
});

test('whoami and token reviews name the user', async () => {
  const more = { group: 'authentication.k8s.io', user: admin };
  assert.deepEqual(await ask('selfsubjectreviews', {}, more), { userInfo: admin });
  assert.deepEqual(await ask('tokenreviews', { token: 'good' }, more), {
    authenticated: true,
    user: reader,
  });
  assert.equal((await ask('tokenreviews', { token: 'bad' }, more))['authenticated'], false);
});

test('a token review is for the audiences it asks for', async () => {
  const more = {
    group: 'authentication.k8s.io',
    user: admin,
    verifyToken: async (_token: string, audience?: string) =>
      audience === 'istio-ca' ? reader : undefined,
  };
  const review = (audiences?: readonly string[]) =>
    ask('tokenreviews', { token: 'bound', ...(audiences && { audiences }) }, more);
  assert.deepEqual(await review(['vault', 'istio-ca']), {
    authenticated: true,
    user: reader,
    audiences: ['istio-ca'],
  });
  assert.equal((await review(['vault']))['authenticated'], false);
  assert.equal((await review())['authenticated'], false);
});

test('rules are listed for an administrator only', async () => {
  assert.equal((await ask('selfsubjectrulesreviews', {}))['incomplete'], true);
  assert.equal((await ask('selfsubjectrulesreviews', {}, { user: admin }))['incomplete'], false);
});

test('a service account token has the asked lifetime', async () => {
  const more = { group: '', namespace: 'default', name: 'sleep', subresource: 'token' };
  assert.deepEqual(await ask('serviceaccounts', { expirationSeconds: 600 }, more), {
    token: 'sleep-600000',
    expirationTimestamp: '1970-01-01T00:10:00Z',
  });
  await assert.rejects(ask('serviceaccounts', { expirationSeconds: 1 }, more), { code: 'Invalid' });
});

test('other resources are no reviews', async () => {
  assert.equal(isReview('authorization.k8s.io', 'selfsubjectaccessreviews'), true);
  assert.equal(isReview('', 'pods'), false);
  await assert.rejects(ask('pods', {}), ApiError);
});
