// `node bin/run.mjs test/bench/dashboard.ts [--rounds N] [--services N] [--edges N]`: how smooth the graph is, and what
// its page weighs. Prints the table of docs/dashboard.md. The mesh is made up; browser and pages are the real ones.
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { bundleDashboard } from '../../packages/dashboard/src/bundle/bundle-dashboard.ts';
import { noBrowser, startBrowser } from '../../packages/dashboard/src/testing/browser.ts';
import { largeMesh } from '../../packages/dashboard/src/testing/fixture-mesh.ts';
import { startFixtureServer } from '../../packages/dashboard/src/testing/fixture-server.ts';
import { median } from './median.ts';

const measuredMs = 4_000;
/** The picture has come to rest by then. */
const settleMs = 1_500;

/** Frames a second, and the part of the time in which the page's main thread works. */
interface Smoothness {
  readonly perSecond: number;
  readonly busy: number;
}

interface Round {
  /** URLs of what the page loaded. */
  readonly fetched: readonly string[];
  readonly paintMs: number;
  readonly still: Smoothness;
  readonly dragged: Smoothness;
}

/** In the page: frames drawn in so many milliseconds, a second. */
const countFrames = (page: Page): Promise<number> =>
  page.evaluate(`new Promise((resolve) => {
    const startMs = performance.now();
    let frames = 0;
    const tick = () => {
      frames += 1;
      const passedMs = performance.now() - startMs;
      if (passedMs < ${measuredMs}) requestAnimationFrame(tick);
      else resolve((frames * 1000) / passedMs);
    };
    requestAnimationFrame(tick);
  })`);

const taskSeconds = async (session: CDPSession): Promise<number> => {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
};

const measure = async (
  page: Page,
  session: CDPSession,
  act: () => Promise<void>,
): Promise<Smoothness> => {
  const before = await taskSeconds(session);
  const startMs = performance.now();
  const [perSecond] = await Promise.all([countFrames(page), act()]);
  const busy = ((await taskSeconds(session)) - before) / ((performance.now() - startMs) / 1000);
  return { perSecond, busy };
};

const drag = async (page: Page): Promise<void> => {
  await page.mouse.move(700, 450);
  await page.mouse.down();
  const endMs = performance.now() + measuredMs;
  for (let step = 0; performance.now() < endMs; step++) {
    await page.mouse.move(700 + Math.sin(step / 9) * 200, 450 + Math.cos(step / 7) * 120);
    await page.waitForTimeout(12);
  }
  await page.mouse.up();
};

/** A browser that has not seen the page before. */
const playRound = async (browser: Browser, url: string): Promise<Round> => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForTimeout(settleMs);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable');
  const fetched = await page.evaluate<string[]>(
    `performance.getEntriesByType('resource').map(({ name }) => name)`,
  );
  const paintMs = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0].startTime`,
  );
  const still = await measure(page, session, () => Promise.resolve());
  const dragged = await measure(page, session, () => drag(page));
  await context.close();
  return { fetched, paintMs, still, dragged };
};

/** Bytes on the wire of what a browser fetched for the first page, with its font; and of everything there is. */
const weigh = (
  folder: string,
  fetched: readonly string[],
): { readonly first: number; readonly whole: number } => {
  const assets = join(folder, 'assets');
  const wired = readdirSync(assets).filter((name) => /\.(gz|woff2)$/.test(name));
  const names = new Set(fetched.map((url) => basename(new URL(url).pathname)));
  const sum = (files: readonly string[]): number =>
    files.reduce((bytes, name) => bytes + statSync(join(assets, name)).size, 0);
  const page = statSync(join(folder, 'index.html.gz')).size;
  return {
    first: page + sum(wired.filter((name) => names.has(name.replace(/\.gz$/, '')))),
    whole: page + sum(wired),
  };
};

const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} kB`;

const smooth = (rounds: readonly Smoothness[]): string => {
  const frames = median(rounds.map(({ perSecond }) => perSecond)).toFixed(0);
  const busy = (median(rounds.map((round) => round.busy)) * 100).toFixed(0);
  return `${frames} frames/s, main thread ${busy} % busy`;
};

const run = async (count: number, services: number, edges: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-frames-'));
  const pages = await bundleDashboard({ folder });
  const server = await startFixtureServer(pages.folder, largeMesh(services, edges));
  const browser = await startBrowser();
  try {
    const rounds: Round[] = [];
    for (let played = 0; played < count; played++)
      rounds.push(await playRound(browser, server.url));
    const { first, whole } = weigh(pages.folder, rounds[0]?.fetched ?? []);
    const paint = median(rounds.map(({ paintMs }) => paintMs));
    const rows = [
      ['first page, gzipped, with its font', kilobytes(first)],
      ['all code, with the editor', kilobytes(whole)],
      ['first contentful paint', `${(paint / 1000).toFixed(2)} s`],
      [`${services} services, ${edges} edges, standing still`, smooth(rounds.map((r) => r.still))],
      ['the same, dragged', smooth(rounds.map((r) => r.dragged))],
    ];
    const load = loadavg()[0]?.toFixed(1);
    console.log(
      `Median of ${count} rounds, ${cpus().length} processors, load ${load}.\n\n| | |\n|---|---|`,
    );
    for (const [what, value] of rows) console.log(`| ${what} | ${value} |`);
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
};

if (noBrowser === false) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '3' },
      services: { type: 'string', default: '200' },
      edges: { type: 'string', default: '2000' },
    },
  });
  await run(Number(values.rounds), Number(values.services), Number(values.edges));
} else {
  console.log(noBrowser);
}
