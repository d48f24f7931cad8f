import assert from 'node:assert/strict';
import { test } from 'node:test';
import { englishSentences, say, sayAll, sentenceText } from '@lateen/simulation/sentence';
import { chineseSentences } from './chinese-sentences.ts';
import { sentenceIn } from './sentence.ts';

const places = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort();

const entries = Object.entries(chineseSentences) as [keyof typeof chineseSentences, string][];

test('both languages fill the same places, and Chinese is Chinese', () => {
  for (const [code, text] of entries) {
    assert.deepEqual(places(text), places(englishSentences[code]), code);
    const words = englishSentences[code].replaceAll(/\{\w+\}/g, '');
    if (/[a-z]{2}/.test(words)) assert.match(text, /[\u4e00-\u9fff]/, code);
  }
});

test('sentences within sentences are said in one language', () => {
  const denied = say('answered', {
    status: 403,
    reason: say('deniedByRule', { policy: 'default/viewer', rule: 0 }),
  });
  const pods = sayAll('names', [
    say('podIn', { pod: 'default/a', cluster: 'east' }),
    say('text', { text: 'default/b' }),
  ]);
  const all = sayAll('or', [say('endsAt', { end: denied, pods }), say('answer', { who: pods })]);
  const english = sentenceText(all);
  assert.equal(
    english,
    '403: RBAC: access denied, denied by default/viewer, rule 0 (default/a in east, default/b), or the answer of default/a in east, default/b',
  );
  assert.equal(
    sentenceIn('zh', all, english),
    '403：RBAC：拒绝访问，由 default/viewer 的规则 0 拒绝（east 的 default/a、default/b），或 east 的 default/a、default/b 的应答',
  );
  assert.equal(sentenceIn('en', all, english), english);
  assert.equal(sentenceIn('zh', null, ''), '');
  const newer = say('answer', { who: { code: 'newer' as 'text', values: {} } });
  assert.equal(sentenceIn('zh', newer, 'in English'), 'in English');
});
