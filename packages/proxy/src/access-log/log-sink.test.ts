import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, existsSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
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

const fifo = (): string => {
  const path = join(mkdtempSync(join(tmpdir(), 'lateen-log-')), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
};

test('lines beyond the bound are dropped and counted while nobody reads; nothing waits for it', async () => {
  const path = fifo();
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const sinks = new LogSinks();
  const sink = sinks.open(path);
  const line = `${'y'.repeat(65_535)}\n`;
  const lines = 400;
  for (let at = 0; at < lines; at++) sink.append(line);
  assert.ok(sink.dropped > 0);
  const expected = (lines - sink.dropped) * line.length;
  const closed = sinks.close();
  let bytes = 0;
  for await (const chunk of new Socket({ fd: reader, readable: true, writable: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes >= expected) break;
  }
  await closed;
  assert.equal(bytes, expected);
});

test('lines a full disk does not take are counted as lost', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here');
  const sinks = new LogSinks();
  const sink = sinks.open('/dev/full');
  for (let at = 0; at < 3; at++) sink.append(`line ${at}\n`);
  await sinks.close();
  assert.equal(sink.dropped, 3);
});
