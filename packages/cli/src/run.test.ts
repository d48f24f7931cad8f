import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunRecord } from '@lateen/runtime';
import { Progress } from './progress.ts';
import { run } from './run.ts';
import { startCard } from './start-card.ts';

const runWords = async (...words: string[]) => {
  let out = '';
  let err = '';
  const output = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    color: false,
  };
  const code = await run(words, output, {});
  return { code, out, err };
};

const cases: readonly [string[], number, RegExp][] = [
  [['version'], 0, /^lateen \d+\.\d+\.\d+\n$/],
  [['--help'], 0, /proxy-status\|ps/],
  [['fly'], 2, /unknown command 'fly'/],
  [['up', '--port', 'high'], 2, /a port is a number/],
  [['up', '--sample', 'nothing'], 2, /Allowed choices are bookinfo/],
  [['status', '-o', 'xml'], 2, /Allowed choices are text, json/],
  [['down', '--state-dir', '/nonexistent/lateen'], 0, /no cluster is running/],
];
for (const [words, code, text] of cases)
  test(`lateen ${words.join(' ')}`, async () => {
    const result = await runWords(...words);
    assert.equal(result.code, code);
    assert.match(result.out + result.err, text);
  });

test('what needs a cluster says how to start one', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  for (const words of [['status'], ['ps']]) {
    const { code, out, err } = await runWords(...words, '--state-dir', stateDir);
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(
      err,
      /^lateen: no cluster is running on \S+: start one with "lateen up"(, or set KUBECONFIG)?\n$/,
    );
  }
});

test('an unreadable image catalog ends the start with one line', async (t) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'lateen-cli-'));
  t.after(() => rmSync(stateDir, { recursive: true }));
  const images = join(stateDir, 'none.json');
  const { code, err } = await runWords('up', '--state-dir', stateDir, '--images', images);
  assert.equal(code, 1);
  assert.equal(err, `lateen: cannot read image catalog ${images}\n`);
});

test('the card shows where to look, how to connect, and three things to try', () => {
  const record: RunRecord = {
    version: '0.1.0',
    pid: 1,
    processStart: '1',
    phase: 'ready',
    startedAt: '',
    stateDir: '/home/me/.lateen',
    kubeconfig: '/home/me/.lateen/kubeconfig',
    apiServer: 'https://127.0.0.1:6443',
    network: { kind: 'loopback', cidr: '' },
    gateway: { http: 'http://127.0.0.1:8080' },
  };
  const options = { sample: 'bookinfo', detached: false, color: false };
  const card = startCard(record, {
    ...options,
    command: 'bin/lateen',
    binFolder: '/home/me/lateen/bin',
  });
  assert.match(card, /http:\/\/127\.0\.0\.1:8080\/productpage/);
  assert.match(card, /export KUBECONFIG=\/home\/me\/\.lateen\/kubeconfig\n/);
  assert.match(card, /export PATH=\/home\/me\/lateen\/bin:\$PATH\n/);
  assert.match(card, / istioctl ps\n/);
  assert.match(startCard(record, { ...options, command: 'lateen' }), / lateen ps\n/);
});

test('progress lines carry the time since the start', () => {
  let text = '';
  const output = {
    out: (line: string) => {
      text += line;
    },
    err: () => undefined,
    color: false,
  };
  let nowMs = 1_000;
  const progress = new Progress(output, () => nowMs);
  nowMs = 2_500;
  progress.done('API server', 'https://127.0.0.1:6443');
  assert.equal(text, '  1.5 s  ✓ API server     https://127.0.0.1:6443\n');
});
