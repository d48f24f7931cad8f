import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { ContainerLog } from './container-log.ts';
import { type LogReadOptions, readLog } from './log-reader.ts';

const start = Date.parse('2026-01-01T00:00:00Z');

const setUp = (t: { after(run: () => void): void }) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const clock = new ManualClock(start);
  return { clock, log: new ContainerLog(join(folder, '0.log'), clock) };
};

const collect = async (lines: AsyncIterable<string>): Promise<string[]> => {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
};

const text = async (log: ContainerLog, options?: LogReadOptions): Promise<string> =>
  (await collect(readLog(log.path, log, options))).join('');

const write = (log: ContainerLog, content: string): Promise<void> =>
  log.copy(Readable.from([Buffer.from(content)]), 'stdout');

test('CRI format on file, text on reading', async (t) => {
  const { log } = setUp(t);
  await write(log, 'one\ntwo');
  await log.close();
  assert.equal(
    readFileSync(log.path, 'utf8'),
    '2026-01-01T00:00:00.000000000Z stdout F one\n2026-01-01T00:00:00.000000000Z stdout F two\n',
  );
  assert.equal(await text(log), 'one\ntwo\n');
});

test('tail, since, timestamps and limit', async (t) => {
  const { log, clock } = setUp(t);
  await write(log, 'a\nb\n');
  clock.advance(5_000);
  await write(log, 'c\nd\n');
  const cases: readonly [LogReadOptions, string][] = [
    [{ tailLines: 3 }, 'b\nc\nd\n'],
    [{ tailLines: 0 }, ''],
    [{ sinceMs: start + 1 }, 'c\nd\n'],
    [{ sinceMs: start + 1, tailLines: 1 }, 'd\n'],
    [{ limitBytes: 3 }, 'a\nb'],
    [{ tailLines: 1, timestamps: true }, '2026-01-01T00:00:05.000000000Z d\n'],
  ];
  for (const [options, expected] of cases) assert.equal(await text(log, options), expected);
});

test('a long line is cut on file and whole on reading; its characters stay whole', async (t) => {
  const { log } = setUp(t);
  const line = 'ä'.repeat(40_000);
  const bytes = Buffer.from(`${line}\nend\n`);
  await log.copy(Readable.from([bytes.subarray(0, 30_001), bytes.subarray(30_001)]), 'stdout');
  assert.equal(await text(log), `${line}\nend\n`);
  assert.ok(readFileSync(log.path, 'utf8').includes(' stdout P '));
});

test('following goes over a rotation and ends with the container', async (t) => {
  const { log } = setUp(t);
  const source = new PassThrough();
  const copied = log.copy(source, 'stderr');
  const followed = text(log, { follow: true });
  const line = `${'x'.repeat(10_000)}\n`;
  const count = 1_300;
  for (let index = 0; index < count; index++)
    if (!source.write(line)) await new Promise((resolve) => source.once('drain', resolve));
  source.end();
  await copied;
  await log.close();
  assert.equal((await followed).length, line.length * count);
  assert.ok(statSync(log.path).size < 11_000_000);
});
