import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** Content of a JSON file; undefined when there is none or it is not JSON. */
export const readJsonFile = (path: string): unknown => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
};

/** Writes through a new file, so that a reader sees the old content or the new one; 0600. */
export const writePrivateFile = (path: string, content: string): void => {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
};

export const writeJsonFile = (path: string, value: unknown): void =>
  writePrivateFile(path, `${JSON.stringify(value, undefined, 2)}\n`);
