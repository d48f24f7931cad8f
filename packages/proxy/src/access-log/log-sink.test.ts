import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LogSinks } from './log-sink.ts';

test('lines arrive whole and in order, however fast they come', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lateen-log-')), 'access.log');
  const sinks = new LogSinks();
  const sink = sinks.open(path);
  let expected = '';
  for (let round = 0; round < 4; round++) {
    for (let at = 0; at < 2000; at++) {
      const line = `${round} ${at} ${'x'.repeat((at * 7) % 300)} caf\xe9\n`;
      expected += line;
      sink.append(line);
    }
    // Lets writes that are under way end between rounds.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await sinks.close();
  assert.equal(sink.dropped, 0);
  assert.equal(readFileSync(path, 'latin1'), expected);
});

test('lines beyond the bound are dropped and counted while the disk is slower', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'lateen-log-')), 'access.log');
  const sinks = new LogSinks();
  const sink = sinks.open(path);
  const line = `${'y'.repeat(65_535)}\n`;
  const lines = 400;
  for (let at = 0; at < lines; at++) sink.append(line);
  assert.ok(sink.dropped > 0);
  await sinks.close();
  assert.equal(readFileSync(path, 'latin1').length, (lines - sink.dropped) * line.length);
});
