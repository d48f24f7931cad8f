import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DashboardError } from './dashboard-error.ts';

const isSource = (path: string): boolean =>
  /\.(ts|tsx|css|html|svg)$/.test(path) && !/\.test\.tsx?$/.test(path) && !/^testing\b/.test(path);

/**
 * Sixteen hexadecimal digits over name, size and time of change of every source of the pages, and `versions`.
 * Times instead of contents: the check is made at every start and reads nothing but the folder.
 */
export const fingerprintSources = async (
  folder: string,
  versions: readonly string[],
): Promise<string> => {
  const hash = createHash('sha256').update(versions.join('\n'));
  try {
    const names = (await readdir(folder, { recursive: true })).filter(isSource).sort();
    const states = await Promise.all(names.map((name) => stat(join(folder, name))));
    names.forEach((name, index) => {
      const state = states[index];
      hash.update(`${name}\n${state?.size}\n${state?.mtimeMs}\n`);
    });
  } catch (cause) {
    throw new DashboardError('sources', `cannot read the dashboard's sources in ${folder}`, {
      cause,
    });
  }
  return hash.digest('hex').slice(0, 16);
};

/** What a package's manifest says about its versions: itself and what it depends on. */
export const manifestVersions = async (manifestFile: string): Promise<readonly string[]> => {
  try {
    const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    return Object.entries(manifest.dependencies ?? {}).map(([name, at]) => `${name}@${at}`);
  } catch (cause) {
    throw new DashboardError('sources', `cannot read ${manifestFile}`, { cause });
  }
};
