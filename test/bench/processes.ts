import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';

/** How long a server may take to accept its first connection, in milliseconds. */
const startLimitMs = 15_000;
/** How often a connection is tried while a server starts. */
const startPollMs = 50;
/** How long a process may take to end before it is killed. */
const stopLimitMs = 3_000;

const children = new Set<ChildProcess>();

/** Whether a program can be found. */
export const isInstalled = (program: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;

/** Starts a program, its output into a file when one is named; it ends with this process at the latest. */
export const start = (
  command: string,
  args: readonly string[],
  outputPath?: string,
): ChildProcess => {
  const output = outputPath === undefined ? 'ignore' : openSync(outputPath, 'a');
  const child = spawn(command, args, { stdio: ['ignore', output, 'inherit'] });
  if (typeof output === 'number') closeSync(output);
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
};

/** Ends a program and waits for it. */
export const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  child.kill('SIGTERM');
  await over;
  clearTimeout(timer);
};

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const tryConnect = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

/** Waits until something accepts connections; rejects when the child ends or time is over. */
export const accepting = async (child: ChildProcess, host: string, port: number): Promise<void> => {
  const limit = Date.now() + startLimitMs;
  while (!(await tryConnect(host, port))) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode} before it listened`);
    if (Date.now() > limit) throw new Error(`does not listen on ${host}:${port}`);
    await new Promise((resolve) => setTimeout(resolve, startPollMs));
  }
};
