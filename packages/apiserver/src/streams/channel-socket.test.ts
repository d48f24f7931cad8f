import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoise } from '../testing/noise.ts';
import { parseChannelMessage } from './channel-socket.ts';
import { parseTerminalSize } from './exec-client.ts';
import { parseLogOptions } from './pod-log.ts';

const noise = createNoise(20_261_121);

test('channel messages mean what remotecommand says', () => {
  assert.deepEqual(parseChannelMessage(Buffer.from('\x00hi')), {
    kind: 'stdin',
    data: Buffer.from('hi'),
  });
  assert.deepEqual(parseChannelMessage(Buffer.of(255, 0)), { kind: 'stdinEnd' });
  assert.deepEqual(parseChannelMessage(Buffer.of(255, 1)), { kind: 'none' });
  assert.deepEqual(parseChannelMessage(Buffer.from('\x04{}')), { kind: 'resize', text: '{}' });
  assert.deepEqual(parseChannelMessage(Buffer.alloc(0)), { kind: 'none' });
});

test('no message throws', () => {
  for (let round = 0; round < 5_000; round++) {
    const message = parseChannelMessage(noise(round % 50));
    if (message.kind === 'resize') parseTerminalSize(message.text);
  }
});

test('terminal sizes', () => {
  const rows: readonly [string, unknown][] = [
    ['{"Width":80,"Height":24}', [80, 24]],
    ['{"Width":0,"Height":24}', undefined],
    ['{"Width":80}', undefined],
    ['{"Width":1e9,"Height":24}', undefined],
    ['null', undefined],
    ['{', undefined],
  ];
  for (const [text, size] of rows) assert.deepEqual(parseTerminalSize(text), size, text);
});

test('log options', () => {
  const options = (text: string) => parseLogOptions(new URLSearchParams(text));
  assert.deepEqual(options('follow=true&tailLines=5&timestamps=false'), {
    follow: true,
    previous: false,
    timestamps: false,
    tailLines: 5,
  });
  for (const bad of [
    'tailLines=-1',
    'tailLines=x',
    'limitBytes=0',
    'sinceTime=yesterday',
    'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
  ])
    assert.throws(() => options(bad), { code: 'BadRequest' }, bad);
});
