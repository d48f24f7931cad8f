import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

const rows = [
  { words: ['sh', '-c', 'echo out; echo err >&2; exit 3'], code: 3, out: 'out\n', err: 'err\n' },
  { words: ['curl', '--version'], code: 0, out: /^curl \d/, err: '' },
  { words: ['--version'], code: 0, out: /^curl \d/, err: '' },
  { words: ['sh', '-c', 'kill -9 $$'], code: 137, out: '', err: '' },
  { words: ['no-such-program'], code: 127, out: '', err: /^no-such-program: .*ENOENT\n$/ },
] as const;

for (const { words, code, out, err } of rows)
  test(`the image with the arguments ${JSON.stringify(words)}`, () => {
    const ended = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
    assert.equal(ended.status, code, ended.stderr);
    for (const [text, expected] of [
      [ended.stdout, out],
      [ended.stderr, err],
    ] as const)
      if (typeof expected === 'string') assert.equal(text, expected);
      else assert.match(text, expected);
  });
