/** What somebody sees on the dashboard's graph, read in a real browser. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { root } from './mesh.ts';

/** A row of the graph's table. Numbers as they are written. */
export interface GraphRow {
  /** `productpage v1 > reviews v2`. */
  readonly edge: string;
  readonly isLocked: boolean;
  readonly rate: string;
  /** Percent. */
  readonly share: number;
  /** Percent; NaN when nothing is written. */
  readonly errors: number;
}

/** Opens the graph of a namespace, as picture or as table. Choices are made as a reader makes them. */
export const openGraph = async (page: Page, url: string, namespace: string): Promise<void> => {
  await page.goto(`${url}/#/graph`);
  await page.getByRole('button', { name: 'Namespaces: All namespaces' }).click();
  await page.getByRole('checkbox', { name: namespace, exact: true }).check();
  await page.keyboard.press('Escape');
};

export const showTable = async (page: Page): Promise<void> => {
  const button = page.getByRole('button', { name: 'Table of edges' });
  if ((await button.getAttribute('aria-pressed')) !== 'true') await button.click();
  await page.locator('.graph-table').waitFor();
};

export const showPicture = async (page: Page): Promise<void> => {
  const button = page.getByRole('button', { name: 'Table of edges' });
  if ((await button.getAttribute('aria-pressed')) === 'true') await button.click();
  await page.locator('.graph-canvas canvas').first().waitFor();
};

/** The table as it is shown now. */
export const readRows = async (page: Page): Promise<readonly GraphRow[]> => {
  const rows = await page.locator('.graph-table tbody tr').allInnerTexts();
  const cells = rows.map((row) => row.split('\t').map((cell) => cell.trim()));
  return cells.map(([from, to, protocol = '', rate = '', share = '', errors = '']) => ({
    edge: `${from} > ${to}`,
    isLocked: /mutual TLS/.test(protocol),
    rate,
    share: Number.parseFloat(share),
    errors: Number.parseFloat(errors),
  }));
};

/** Names of the edges shown, in order of the alphabet. */
export const edgesOf = (rows: readonly GraphRow[]): readonly string[] =>
  rows.map(({ edge }) => edge).sort();

/** Keeps what is shown for the documentation, when `UPDATE_IMAGES` asks for it. */
export const photograph = async (page: Page, name: string): Promise<void> => {
  if (process.env['UPDATE_IMAGES'] === undefined) return;
  await page.screenshot({ path: join(root, 'docs/images', `${name}.png`) });
};
