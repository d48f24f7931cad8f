// curl's image: without arguments it waits for someone to open a shell in it; with some it runs them, as curl's
// options when they begin with a dash, and ends as they do.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** What shells report of a program that is not there, and, added to a signal's number, of one that ended by it. */
const NOT_FOUND = 127;
const BY_SIGNAL = 128;

const words = process.argv.slice(2);
const [program = '', ...rest] = words[0]?.startsWith('-') === true ? ['curl', ...words] : words;

if (program === '') {
  // A process with nothing to wait for ends at once; a signal's default ends this one.
  setInterval(() => undefined, 0x7fff_ffff);
} else {
  const child = spawn(program, rest, { stdio: 'inherit' });
  child.on('error', (error) => {
    process.stderr.write(`${program}: ${error.message}\n`);
    process.exitCode = NOT_FOUND;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal]);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => child.kill(signal));
}
