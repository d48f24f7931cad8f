/**
 * Measures how smooth the graph is with 200 services and 2,000 edges: `node frame-rate.ts [services] [edges]`. Prints
 * frames a second and the busy share of the page's main thread: standing still (dots move), and while it is dragged.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import { bundleDashboard } from '../bundle/bundle-dashboard.ts';
import { noBrowser, startBrowser } from './browser.ts';
import { largeMesh } from './fixture-mesh.ts';
import { startFixtureServer } from './fixture-server.ts';

const measuredMs = 4000;

const countFrames = (page: Page): Promise<number> =>
  page.evaluate(
    (forMs) =>
      new Promise<number>((resolve) => {
        const startMs = performance.now();
        let frames = 0;
        const tick = (): void => {
          frames += 1;
          const passedMs = performance.now() - startMs;
          if (passedMs < forMs) requestAnimationFrame(tick);
          else resolve((frames * 1000) / passedMs);
        };
        requestAnimationFrame(tick);
      }),
    measuredMs,
  );

const taskSeconds = async (session: CDPSession): Promise<number> => {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
};

const measure = async (
  page: Page,
  session: CDPSession,
  act: () => Promise<void>,
): Promise<{ readonly perSecond: number; readonly busy: number }> => {
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

const print = (name: string, { perSecond, busy }: { perSecond: number; busy: number }): void => {
  console.log(
    `${name.padEnd(16)} ${perSecond.toFixed(1).padStart(5)} frames/s, main thread ${(busy * 100).toFixed(0)} % busy`,
  );
};

const run = async (services: number, edges: number): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-frames-'));
  const pages = await bundleDashboard({ folder });
  const server = await startFixtureServer(pages.folder, largeMesh(services, edges));
  const browser = await startBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(server.url);
    await page.waitForTimeout(1500);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    console.log(`${services} services, ${edges} edges`);
    print('standing still', await measure(page, session, () => Promise.resolve()));
    print('dragged', await measure(page, session, () => drag(page)));
    const paint = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
    );
    console.log(`first contentful paint ${paint.toFixed(0)} ms`);
  } finally {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  }
};

if (noBrowser === false) {
  const [services = '200', edges = '2000'] = process.argv.slice(2);
  await run(Number(services), Number(edges));
} else {
  console.log(noBrowser);
}
