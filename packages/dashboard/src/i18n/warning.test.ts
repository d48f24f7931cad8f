import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warningIn } from './warning.ts';

test('warnings of the server are told in Chinese; unknown ones in its words', () => {
  const warning = '2 of 10 proxies cannot be scraped';
  assert.equal(warningIn('en', warning), warning);
  assert.equal(warningIn('zh', warning), '10 个代理中有 2 个的指标无法抓取');
  assert.equal(
    warningIn('zh', 'the Kubernetes API does not answer: connection refused'),
    'Kubernetes API 没有应答：connection refused',
  );
  assert.equal(warningIn('zh', 'something new'), 'something new');
});
