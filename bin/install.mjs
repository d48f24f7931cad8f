// Runs on whatever Node the machine has, with nothing installed: plain JavaScript, no imports of ours.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node release whose built-ins we rely on: running TypeScript directly, node:sqlite, compile cache. */
const neededMajor = 24;

const readJson = (...path) => {
  const file = join(...path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
};

const install = (label, args, folder) => {
  console.error(`lateen: installing ${label} ...`);
  const startedMs = Date.now();
  const result = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.error !== undefined || result.status !== 0) {
    const reason = result.error?.message ?? `exit code ${result.status}`;
    console.error(
      `lateen: npm ${args.join(' ')} failed (${reason}). Is the npm registry reachable?`,
    );
    process.exit(1);
  }
  console.error(`lateen: installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
};

/** Whether npm's record of what it installed has every version of the lock file. */
const isInstalled = (withDevelopment) => {
  const wanted = readJson(root, 'package-lock.json')?.packages ?? {};
  const present = readJson(root, 'node_modules', '.package-lock.json')?.packages;
  if (present === undefined) return false;
  return Object.entries(wanted).every(([path, { version, dev, optional, devOptional, link }]) => {
    if (!path.startsWith('node_modules/') || optional || devOptional) return true;
    if (dev && !withDevelopment) return true;
    return present[path] !== undefined && (link || present[path].version === version);
  });
};

const areLintersInstalled = (folder) =>
  Object.entries(readJson(folder, 'package.json').devDependencies ?? {})
    .concat(Object.entries(readJson(folder, 'package.json').dependencies ?? {}))
    .every(
      ([name, version]) =>
        readJson(folder, 'node_modules', name, 'package.json')?.version === version,
    );

/** Whether somebody develops here: an update must not take the development dependencies away. */
const isDevelopment = () => existsSync(join(root, 'node_modules', 'typescript'));

/** Installs what running needs, when it is not there or not what the lock file says. */
export const installForRunning = () => {
  if (isInstalled(false)) return;
  const scope = isDevelopment() ? [] : ['--omit=dev'];
  install('dependencies', ['ci', ...scope, '--no-audit', '--no-fund'], root);
};

/** Installs what the checks need: development dependencies and the linters in `tools/`. */
export const installForChecking = () => {
  if (!isInstalled(true)) install('dependencies', ['ci', '--no-audit', '--no-fund'], root);
  const tools = join(root, 'tools');
  if (!areLintersInstalled(tools))
    install('linters', ['install', '--no-audit', '--no-fund'], tools);
};

/** The Node to run TypeScript with: the one among the dependencies, else this one when new enough. */
export const nodeBinary = () => {
  const bundled = join(
    root,
    'node_modules',
    `node-${process.platform}-${process.arch}`,
    'bin',
    'node',
  );
  if (existsSync(bundled)) return bundled;
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return process.execPath;
  console.error(
    `lateen: needs Node ${neededMajor} or newer (this is ${process.versions.node}, and none is bundled for ${process.platform}-${process.arch}): install it from https://nodejs.org, or with your version manager.`,
  );
  process.exit(1);
};
