/** The pages in a real browser, on made-up answers. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { noBrowser } from '../testing/browser.ts';
import { bookinfoMesh } from '../testing/fixture-mesh.ts';
import { type OpenedPages, openPages } from '../testing/opened-pages.ts';
import { pageNames } from './route.ts';

describe('pages', { skip: noBrowser }, () => {
  let pages: OpenedPages;
  before(async () => {
    pages = await openPages(bookinfoMesh);
  });
  after(() => pages?.close());

  const places = [
    ...pageNames,
    'services/default/reviews',
    'workloads/default/reviews-v2',
    'proxies/default/productpage-v1-7d9f8b6c5-x2k4p',
    'traces/4bf92f3577b34da6a3ce929d0e0e0001?span=00f067aa0ba90207',
    'config/VirtualService/default/reviews',
    'config/new?wizard=routing',
    'config/history',
    'graph?at=reviews-v2',
    'graph?as=table',
  ];

  /** Waits until the page shows what it asked for. */
  const settle = async (page: Page): Promise<void> => {
    await page.waitForFunction(
      () =>
        document.querySelector('main')?.childElementCount !== 0 &&
        document.querySelector('.skeleton') === null,
    );
  };

  const violations = async (page: Page, rules: readonly string[]): Promise<string[]> => {
    const result = await page.evaluate(
      (runOnly) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, { runOnly }),
      [...rules],
    );
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  };

  const looks = [
    {
      name: 'light, in English',
      language: 'en',
      theme: 'light',
      tag: 'en',
      rules: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
    },
    {
      name: 'dark, in Chinese',
      language: 'zh',
      theme: 'dark',
      tag: 'zh-CN',
      // Structure is the same as in English; colours and texts are not.
      rules: ['color-contrast', 'label', 'button-name', 'link-name'],
    },
  ] as const;

  for (const { name, language, theme, tag, rules } of looks) {
    test(`all pages are accessible: ${name}`, async () => {
      const page = await pages.open('#/services', { language, theme });
      await page.evaluate(axe.source);
      assert.equal(await page.locator('html').getAttribute('lang'), tag);
      assert.equal(await page.locator('html').getAttribute('data-theme'), theme);
      const found: string[] = [];
      for (const place of places) {
        await page.evaluate((hash) => {
          location.hash = hash;
        }, `#/${place}`);
        await settle(page);
        found.push(...(await violations(page, rules)).map((each) => `${place}: ${each}`));
      }
      await page.close();
      assert.deepEqual(found, []);
    });
  }

  test('nothing went wrong in any of them', () => assert.deepEqual(pages.problems, []));

  test('nothing jumps while answers come in', async () => {
    for (const [place, news] of [
      ['graph', 'metrics'],
      ['services', 'metrics'],
      ['traces', 'traces'],
    ] as const) {
      const page = await pages.open(`#/${place}`);
      await settle(page);
      const answer = page.waitForResponse(/api\/v1\//);
      pages.server.announce(news);
      await answer;
      const shift = await page.evaluate(
        () =>
          new Promise<number>((resolve) => {
            new PerformanceObserver((list) => {
              const entries = list.getEntries() as unknown as { value: number }[];
              resolve(entries.reduce((sum, { value }) => sum + value, 0));
            }).observe({ type: 'layout-shift', buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)));
          }),
      );
      assert.ok(shift < 0.05, `${place} shifts by ${shift}`);
      await page.close();
    }
  });

  test('the whole of the code weighs less than 300 kB on the wire', () => {
    const assets = join(pages.folder, 'assets');
    const bytes = readdirSync(assets)
      .filter((name) => name.endsWith('.gz') || name.endsWith('.woff2'))
      .reduce((sum, name) => sum + statSync(join(assets, name)).size, 0);
    assert.ok(bytes < 300_000, `${bytes} bytes`);
    assert.doesNotMatch(readFileSync(join(pages.folder, 'index.html'), 'utf8'), /%[A-Z]+%|missing/);
  });

  test('theme and language are kept', async () => {
    const page = await pages.open('#/services');
    await page.getByRole('button', { name: /Colours/ }).click();
    await page.getByRole('button', { name: /Colours/ }).click();
    await page.getByRole('button', { name: '切换到中文' }).click();
    await page.reload();
    await page.locator('main').waitFor();
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
    assert.equal(await page.locator('h1').textContent(), '服务');
    await page.close();
  });

  test('a paused page asks for nothing, and catches up when it goes on', async () => {
    const page = await pages.open('#/services');
    await settle(page);
    await page.getByRole('button', { name: /Live/ }).click();
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('api/v1/services')) asked += 1;
    });
    pages.server.announce('metrics');
    await page.getByRole('button', { name: /Paused/ }).waitFor();
    assert.equal(asked, 0);
    const answer = page.waitForResponse(/api\/v1\/services/);
    await page.getByRole('button', { name: /Paused/ }).click();
    await answer;
    await page.close();
  });

  test('the graph is walked through by keys', async () => {
    const page = await pages.open('#/graph');
    await settle(page);
    await page.getByRole('application').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    const panel = page.getByRole('complementary');
    await panel.getByRole('heading', { level: 2 }).waitFor();
    assert.match(page.url(), /at=productpage/);
    await page.keyboard.press('ArrowRight');
    await page.waitForURL(/at=(details|reviews-v\d)/);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.close();
  });

  test('the graph is a table too, and a row opens the edge', async () => {
    const page = await pages.open('#/graph?as=table&hide=protocol%3Dtcp');
    await settle(page);
    const rows = page.locator('.graph-table tbody tr');
    assert.equal(await rows.count(), bookinfoMesh.flows.length - 1);
    await page.getByRole('cell', { name: 'reviews v2' }).first().click();
    await page.getByRole('complementary').getByText('spiffe://').first().waitFor();
    await page.close();
  });

  test('find counts what it finds, and says what it does not understand', async () => {
    const page = await pages.open('#/graph');
    await settle(page);
    const find = page.getByRole('searchbox', { name: 'Find' });
    await find.fill('name = reviews');
    await page.locator('.find-count', { hasText: '3' }).waitFor();
    await find.fill('rps >');
    await page.getByText('Column 6: a value is missing').waitFor();
    await page.close();
  });

  test('replay asks for the past, and comes back', async () => {
    const page = await pages.open('#/graph');
    await settle(page);
    const past = page.waitForRequest(/graph\?.*at=\d+/);
    await page.getByRole('slider', { name: 'Moment shown' }).press('Home');
    await past;
    await page.getByRole('button', { name: 'Back to live' }).click();
    await page.getByText('now', { exact: true }).waitFor();
    await page.close();
  });

  test('a request is explained, with the rule that decided', async () => {
    const page = await pages.open('#/explain');
    await page.getByText('the answer of reviews v1 or v2').waitFor();
    await page.getByLabel('Headers, one a line').fill('end-user: jason');
    await page.getByText('the answer of reviews v2', { exact: true }).waitFor();
    await page.getByRole('link', { name: /VirtualService reviews spec.http\[0\]/ }).waitFor();
    await page.close();
  });
});
