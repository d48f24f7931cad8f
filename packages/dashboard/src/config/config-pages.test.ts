/** Writing configuration in a real browser, on a made-up store. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser } from '../testing/browser.ts';
import { bookinfoMesh } from '../testing/fixture-mesh.ts';
import { type OpenedPages, openPages } from '../testing/opened-pages.ts';

const reviews = { kind: 'VirtualService', namespace: 'default', name: 'reviews' };

describe('configuration pages', { skip: noBrowser }, () => {
  let pages: OpenedPages;
  before(async () => {
    pages = await openPages(bookinfoMesh);
  });
  after(() => pages?.close());

  const text = ({ kind, namespace, name }: typeof reviews): string =>
    pages.server.config.detail({ kind, namespace, name })?.yaml ?? '';

  const save = async (page: Page): Promise<void> => {
    await page.getByText('Valid, not saved yet').waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved. The proxies have it in a moment:').waitFor();
  };

  const openWizard = (name: string): Promise<Page> =>
    pages.open(`#/config/new?wizard=${name}&host=reviews&in=default`);

  const wizards = [
    {
      name: 'shifting',
      act: (page: Page) => page.getByLabel('Part of v2 in percent').fill('80'),
      saved: reviews,
      has: /subset: v2\n\s+weight: 80/,
    },
    {
      name: 'routing',
      act: (page: Page) => page.getByLabel('Value').fill('tester'),
      saved: reviews,
      has: /end-user:\n\s+exact: tester/,
    },
    {
      name: 'faults',
      act: (page: Page) => page.getByLabel('Delay').fill('7000'),
      saved: reviews,
      has: /fixedDelay: "7s"/,
    },
    {
      name: 'patience',
      act: (page: Page) => page.getByLabel('Retries (0: as the mesh)').fill('5'),
      saved: reviews,
      has: /attempts: 5/,
    },
    {
      name: 'breaking',
      act: (page: Page) => page.getByLabel('Connections, at most (0: no limit)').fill('42'),
      saved: { ...reviews, kind: 'DestinationRule' },
      has: /maxConnections: 42/,
    },
    {
      name: 'mtls',
      act: (page: Page) => page.getByLabel('Inbound connections').selectOption('PERMISSIVE'),
      saved: { ...reviews, kind: 'PeerAuthentication' },
      has: /mode: PERMISSIVE/,
    },
    {
      name: 'exposure',
      act: (page: Page) => page.getByLabel('Host outside').fill('books.example.com'),
      saved: { ...reviews, kind: 'Gateway', name: 'reviews-gateway' },
      has: /books\.example\.com/,
    },
  ] as const;

  for (const { name, act, saved, has } of wizards) {
    test(`wizard ${name}: form, preview, save`, async () => {
      const page = await openWizard(name);
      await act(page);
      await page.getByText('in 2 proxies').waitFor();
      await save(page);
      assert.match(text(saved), has);
      await page.close();
    });
  }

  test('a bad edit is marked at its line and cannot be saved', async () => {
    const before = text(reviews);
    const page = await pages.open('#/config/VirtualService/default/reviews');
    await page.getByRole('textbox', { name: 'YAML of the object' }).waitFor();
    const lines = await page.locator('.cm-line').allTextContents();
    const row = lines.findIndex((line) => line.startsWith('  hosts:'));
    await page.locator('.cm-line').nth(row).click();
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.type('z');
    const finding = page.locator('.findings button', { hasText: 'FieldUnknown' });
    await finding.waitFor();
    assert.match((await finding.textContent()) ?? '', new RegExp(`hostsz.*line ${row + 1}$`));
    assert.equal(await page.getByRole('button', { name: 'Save' }).isDisabled(), true);
    assert.equal(await page.locator('.cm-lintRange-error').count(), 1);
    assert.equal(text(reviews), before);
    await page.close();
  });

  test('completion knows the fields of the schema', async () => {
    const page = await pages.open('#/config/VirtualService/default/reviews');
    const editor = page.getByRole('textbox', { name: 'YAML of the object' });
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('  gat');
    await page.keyboard.press('Control+Space');
    await page.getByRole('option', { name: /gateways/ }).waitFor();
    await page.close();
  });

  test('an object that somebody else changed is not overwritten unseen', async () => {
    const page = await pages.open('#/config/DestinationRule/default/reviews');
    const editor = page.getByRole('textbox', { name: 'YAML of the object' });
    await editor.click();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('# mine');
    pages.server.config.save(`${text({ ...reviews, kind: 'DestinationRule' })}# theirs\n`);
    pages.server.announce('config');
    await page.getByText('Somebody changed this object meanwhile.').waitFor();
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await page.getByText('# theirs').waitFor();
    await page.close();
  });

  test('a change is seen in the history and undone', async () => {
    const before = text(reviews);
    pages.server.config.save(before.replace('jason', 'somebody'));
    const page = await pages.open('#/config/VirtualService/default/reviews?tab=history');
    const entry = page.locator('.history li').first();
    await entry.locator('summary').click();
    await entry.locator('.diff-added', { hasText: 'somebody' }).waitFor();
    const news = page.waitForResponse(/config\/history/);
    await entry.getByRole('button', { name: 'Bring back the text before' }).click();
    await news;
    assert.equal(text(reviews), before);
    await page.close();
  });

  test('deleting asks twice', async () => {
    const page = await pages.open('#/config/Gateway/default/bookinfo-gateway');
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Really delete' }).click();
    await page.waitForURL(/#\/config$/);
    assert.equal(text({ ...reviews, kind: 'Gateway', name: 'bookinfo-gateway' }), '');
    await page.close();
  });
});
