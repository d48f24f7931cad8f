import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reasonIn } from './health-reason.ts';

test('reasons of a health by their codes; unknown ones in the server’s words', () => {
  const reason = {
    code: 'error-share',
    message: '12.5 % of 80 requests fail (5xx or no answer)',
    values: { percent: 12.5, requests: 80, class: '5xx' },
  } as const;
  assert.equal(reasonIn('en', reason), reason.message);
  assert.equal(reasonIn('zh', reason), '80 个请求中有 12.5 % 失败（5xx 或无应答）');
  const other = { code: 'proxy-missing', message: 'no proxy', values: {} } as const;
  assert.equal(reasonIn('zh', other), 'no proxy');
});
