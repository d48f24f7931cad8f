import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** `off`: addons are always parts of Lateen, whatever is installed. */
const switchVariable = 'LATEEN_REAL_ADDONS';

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/**
 * Path of the first of these programs on the PATH of `environment` (the supervisor's), looked up anew each time; undefined
 * when there is none, or when `LATEEN_REAL_ADDONS` is `off`.
 */
export const installedProgram = (
  names: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  if (environment[switchVariable] === 'off') return undefined;
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
};
