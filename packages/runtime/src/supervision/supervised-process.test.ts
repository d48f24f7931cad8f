import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { SupervisedProcess } from './supervised-process.ts';

const env = { PATH: process.env['PATH'] ?? '' };

const run = (script: string) =>
  new SupervisedProcess({ command: '/bin/sh', args: ['-c', script], env, cwd: tmpdir() });

const read = async (stream: AsyncIterable<unknown> | undefined): Promise<string> => {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
};

/** A zombie has ended, but for its parent's knowledge of it. */
const alive = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

const gone = async (pid: number): Promise<void> => {
  for (let tries = 0; alive(pid); tries++) {
    assert.ok(tries < 6_000, `process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('passes output, exit code and environment', async () => {
  const child = new SupervisedProcess({
    command: '/bin/sh',
    args: ['-c', 'echo "$GREETING"; echo bad >&2; exit 3'],
    env: { ...env, GREETING: 'hello' },
    cwd: tmpdir(),
  });
  const [out, err] = await Promise.all([read(child.stdout), read(child.stderr)]);
  assert.deepEqual(
    [out, err, await child.exited],
    ['hello\n', 'bad\n', { exitCode: 3, signal: undefined }],
  );
});

test('a program that does not exist exits with 127', async () => {
  const child = new SupervisedProcess({
    command: '/nowhere/program',
    args: [],
    env,
    cwd: tmpdir(),
  });
  assert.equal((await child.exited).exitCode, 127);
});

test('a signal reaches the program and its number becomes the exit code', async () => {
  const child = run('echo up; exec sleep 100');
  await once(child.stdout!, 'data');
  child.signal('SIGTERM');
  assert.deepEqual(await child.exited, { exitCode: 143, signal: 'SIGTERM' });
});

test('children that a program leaves behind end with it', async () => {
  const child = run('sleep 100 >/dev/null 2>&1 & echo $!');
  const pid = Number(await read(child.stdout));
  await child.exited;
  await gone(pid);
});

test('nothing survives kill -9 of the supervisor', async () => {
  const module = new URL('./supervised-process.ts', import.meta.url).href;
  const source = `
    import { SupervisedProcess } from ${JSON.stringify(module)};
    const child = new SupervisedProcess({ command: '/bin/sh', env: process.env, cwd: '/',
      args: ['-c', 'trap "" TERM HUP INT; sleep 100 & echo $$ $!; wait'] });
    child.stdout.on('data', (data) => process.stdout.write(data));`;
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: supervisor.stdout }), 'line')) as [string];
  const pids = line.split(' ').map(Number);
  assert.ok(pids.length === 2 && pids.every(alive));
  supervisor.kill('SIGKILL');
  await Promise.all(pids.map(gone));
});
