import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { BuildOptions, OutputFile } from 'esbuild';
import { DashboardError } from './dashboard-error.ts';
import { fingerprintSources, manifestVersions } from './source-fingerprint.ts';

/** Where the pages go. */
export interface BundleOptions {
  /** A folder of our own in the state or cache folder; made if missing. Of older bundles in it the newest stay. */
  readonly folder: string;
  /** Readable code with source maps; default false. */
  readonly development?: boolean;
}

/** The pages as files, ready to be served. */
export interface DashboardBundle {
  /** Has `index.html` and `assets/`; each text file has a `.gz` beside it. Everything in `assets/` may be cached for ever. */
  readonly folder: string;
  /** Whether it was made now, or was there from an earlier start. */
  readonly isFresh: boolean;
  /** How long making or finding it took. */
  readonly durationMs: number;
}

const sources = fileURLToPath(new URL('..', import.meta.url));
const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));
const compress = promisify(gzip);
/** Bundles kept: a dashboard of another version may still run on its own, of about half a megabyte. */
const maxBundles = 4;

const bundleSettings = (development: boolean): BuildOptions & { readonly write: false } => ({
  entryPoints: {
    app: join(sources, 'app/main.tsx'),
    boot: join(sources, 'app/boot.ts'),
    traffic: join(sources, 'graph/canvas/traffic-worker.ts'),
    style: join(sources, 'style/style.css'),
  },
  outdir: '/',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  platform: 'browser',
  conditions: ['browser', 'import'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: !development,
  sourcemap: development ? 'linked' : false,
  legalComments: 'none',
  assetNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  entryNames: '[name]-[hash]',
  loader: { '.woff2': 'file', '.svg': 'text' },
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'silent',
  write: false,
});

/** Bundlings going on in this process: they share one program of esbuild's. */
let underWay = 0;

/** The bundler is loaded only when there is something to bundle, and its program does not stay. */
const bundle = async (development: boolean): Promise<readonly OutputFile[]> => {
  const { build, stop } = await import('esbuild');
  underWay += 1;
  try {
    return (await build(bundleSettings(development))).outputFiles;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DashboardError('bundle', `the dashboard does not build: ${reason}`, { cause });
  } finally {
    underWay -= 1;
    if (underWay === 0) await stop();
  }
};

const assetName = (file: OutputFile): string => relative('/', file.path).split(sep).join('/');

/** The page names its files in full, so that the browser fetches font, style and code at once. */
const renderPage = async (names: readonly string[]): Promise<string> => {
  const page = await readFile(join(sources, 'page/index.html'), 'utf8');
  const find = (pattern: RegExp): string => names.find((name) => pattern.test(name)) ?? 'missing';
  return page
    .replaceAll('%SCRIPT%', `assets/${find(/^app-.*\.js$/)}`)
    .replaceAll('%BOOT%', `assets/${find(/^boot-.*\.js$/)}`)
    .replaceAll('%TRAFFIC%', `assets/${find(/^traffic-.*\.js$/)}`)
    .replaceAll('%STYLE%', `assets/${find(/^style-.*\.css$/)}`)
    .replaceAll('%FONT%', `assets/${find(/geist-latin-wght.*\.woff2$/)}`);
};

const writeBundle = async (folder: string, files: readonly OutputFile[]): Promise<void> => {
  const unfinished = await mkdtemp(`${folder}.`);
  await mkdir(join(unfinished, 'assets'));
  const page = Buffer.from(await renderPage(files.map(assetName)));
  const all = [
    { path: 'index.html', bytes: page },
    ...files.map((file) => ({ path: `assets/${assetName(file)}`, bytes: file.contents })),
  ];
  await Promise.all(
    all.map(async ({ path, bytes }) => {
      await writeFile(join(unfinished, path), bytes);
      if (/\.(html|js|css|map)$/.test(path))
        await writeFile(join(unfinished, `${path}.gz`), await compress(bytes));
    }),
  );
  try {
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // Another start was faster with the same pages.
    if (!existsSync(join(folder, 'index.html'))) throw error;
  }
};

/** Unfinished bundles (with a dot in their names) may be another start's: they are left alone. */
const removeOld = async (folder: string): Promise<void> => {
  const names = (await readdir(folder)).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const ages = await Promise.all(
    names.map(async (name) => ({ name, madeMs: (await stat(join(folder, name))).mtimeMs })),
  );
  const old = ages.sort((a, b) => b.madeMs - a.madeMs).slice(maxBundles);
  await Promise.all(
    old.map(({ name }) => rm(join(folder, name), { recursive: true, force: true })),
  );
};

/**
 * Makes the pages from their sources unless the same sources were bundled before: about 0.3 s the first time, a few
 * milliseconds later. Throws `DashboardError`; a mesh can go on without a dashboard.
 */
export const bundleDashboard = async (options: BundleOptions): Promise<DashboardBundle> => {
  const startedMs = performance.now();
  const development = options.development === true;
  const versions = [...(await manifestVersions(manifest)), String(development)];
  const key = await fingerprintSources(sources, versions);
  const folder = join(options.folder, key);
  const isFresh = !existsSync(join(folder, 'index.html'));
  if (isFresh) {
    const files = await bundle(development);
    try {
      await mkdir(options.folder, { recursive: true });
      await writeBundle(folder, files);
      await removeOld(options.folder);
    } catch (cause) {
      throw new DashboardError('write', `cannot write the dashboard to ${folder}`, { cause });
    }
  }
  return { folder, isFresh, durationMs: performance.now() - startedMs };
};
