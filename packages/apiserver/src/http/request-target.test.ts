import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseResourceTarget } from './request-target.ts';

fc.configureGlobal({ seed: 20_261_121 });

const none = { namespace: undefined, name: undefined, subresource: undefined, rest: '' };

for (const [path, expected] of [
  ['/api/v1/pods', { ...none, group: '', version: 'v1', plural: 'pods' }],
  ['/api/v1/namespaces', { ...none, group: '', version: 'v1', plural: 'namespaces' }],
  ['/api/v1/namespaces/a', { ...none, group: '', version: 'v1', plural: 'namespaces', name: 'a' }],
  [
    '/api/v1/namespaces/a/status',
    { ...none, group: '', version: 'v1', plural: 'namespaces', name: 'a', subresource: 'status' },
  ],
  [
    '/apis/apps/v1/namespaces/a/deployments/web/scale',
    {
      ...none,
      group: 'apps',
      version: 'v1',
      plural: 'deployments',
      namespace: 'a',
      name: 'web',
      subresource: 'scale',
    },
  ],
  [
    '/api/v1/namespaces/a/pods/web:80/proxy/x%2Fy/z',
    {
      group: '',
      version: 'v1',
      plural: 'pods',
      namespace: 'a',
      name: 'web:80',
      subresource: 'proxy',
      rest: '/x%2Fy/z',
    },
  ],
  ['/api', undefined],
  ['/apis/apps/v1', undefined],
  ['/healthz', undefined],
  ['/api/v1/pods/%ff', undefined],
] as const) {
  test(`reads ${path}`, () => assert.deepEqual(parseResourceTarget(path), expected));
}

test('never throws', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseResourceTarget(`/api/v1/${text}`);
    }),
  );
});
