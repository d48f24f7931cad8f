import { run } from './run.ts';

/** What a shell reports of a program that a closed pipe ended. */
const closedPipeExit = 141;

// `lateen ps | head -1`: nobody reads on, so there is nothing left to do.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(closedPipeExit);
  });

const color = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

const code = await run(
  process.argv.slice(2),
  {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    color,
  },
  process.env,
);

// Whatever may still be open, the command is over: leave once the last words are out.
process.stdout.write('', () => process.exit(code));
