import { run } from '../run.ts';

/** What a command line printed, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line with the given environment and keeps what it prints. */
export const runWords = async (
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> => {
  let out = '';
  let err = '';
  const output = {
    out: (text: string): void => {
      out += text;
    },
    err: (text: string): void => {
      err += text;
    },
    color: false,
  };
  const code = await run(words, output, env);
  return { code, out, err };
};
