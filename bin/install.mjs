// Runs on whatever Node the machine has, with nothing installed: plain JavaScript, no imports of ours.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Node release whose built-ins we rely on: running TypeScript directly, node:sqlite, compile cache. */
const neededMajor = 24;

const readStamp = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '');

const npm = (args, folder) => {
  const result = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (result.error !== undefined || result.status !== 0) {
    const reason = result.error?.message ?? `exit code ${result.status}`;
    console.error(
      `lateen: npm ${args.join(' ')} failed (${reason}). Is the npm registry reachable?`,
    );
    process.exit(1);
  }
};

const installOnce = ({ folder, source, want, accepted, args, label }) => {
  const digest = createHash('sha256')
    .update(readFileSync(join(folder, source)))
    .digest('hex');
  const stamp = join(folder, 'node_modules', '.lateen-installed');
  const found = readStamp(stamp);
  if (accepted.some((kind) => found === `${kind} ${digest}`)) return;
  console.error(`lateen: installing ${label} ...`);
  const startedMs = Date.now();
  npm(args, folder);
  writeFileSync(stamp, `${want} ${digest}\n`);
  console.error(`lateen: installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
};

/** Installs what running needs, once per lock file. */
export const installForRunning = () =>
  installOnce({
    folder: root,
    source: 'package-lock.json',
    want: 'run',
    accepted: ['run', 'all'],
    args: ['ci', '--omit=dev', '--no-audit', '--no-fund'],
    label: 'dependencies',
  });

/** Installs what the checks need: development dependencies and the linters in `tools/`. */
export const installForChecking = () => {
  installOnce({
    folder: root,
    source: 'package-lock.json',
    want: 'all',
    accepted: ['all'],
    args: ['ci', '--no-audit', '--no-fund'],
    label: 'dependencies',
  });
  installOnce({
    folder: join(root, 'tools'),
    source: 'package.json',
    want: 'all',
    accepted: ['all'],
    args: ['install', '--no-audit', '--no-fund'],
    label: 'linters',
  });
};

/** The Node to run TypeScript with: this one when new enough, else the one among the dependencies. */
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
    `lateen: needs Node ${neededMajor} or newer (this is ${process.versions.node}, and none is bundled for ${process.platform}-${process.arch}).`,
  );
  process.exit(1);
};
