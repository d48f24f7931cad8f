import { run } from './run.ts';

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
