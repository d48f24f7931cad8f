import { readFileSync } from 'node:fs';

const packageFile = new URL('../package.json', import.meta.url);

/** One version for all packages. */
export const lateenVersion: string = (
  JSON.parse(readFileSync(packageFile, 'utf8')) as { version: string }
).version;
