#!/usr/bin/env node
// The `lateen` command on whatever Node the machine has: installs what is missing, then runs the real
// one with the right Node. Plain JavaScript; stays out of sight otherwise.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { installForRunning, nodeBinary, root } from './install.mjs';

const isOnPath = () =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'lateen')));

/** How to call this file from a folder: its path below it, else the name where that is found, else its whole path. */
const commandFrom = (folder) => {
  const program = join(root, 'bin/lateen');
  const path = relative(folder, program);
  if (!path.startsWith('..')) return path;
  return isOnPath() ? 'lateen' : program;
};

installForRunning();
const child = spawn(
  nodeBinary(),
  [join(root, 'packages/cli/src/main.ts'), ...process.argv.slice(2)],
  {
    // The fourth is a pipe that says when this launcher is gone, however it went.
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: {
      ...process.env,
      LATEEN_LAUNCHER_FD: '3',
      LATEEN_COMMAND: commandFrom(process.cwd()),
      LATEEN_BIN: join(root, 'bin'),
      NODE_COMPILE_CACHE:
        process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules/.cache/lateen'),
    },
  },
);
// A terminal sends Ctrl-C to both of us: the command decides what it means, we wait for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
child.on('error', (error) => {
  console.error(`lateen: cannot start ${nodeBinary()}: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
});
