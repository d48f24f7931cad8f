import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { bundleDashboard } from '../bundle/bundle-dashboard.ts';
import { startBrowser } from './browser.ts';
import type { FixtureMesh } from './fixture-mesh.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

/** How a page is opened. */
export interface OpenOptions {
  readonly language?: 'en' | 'zh';
  readonly theme?: 'light' | 'dark';
  readonly width?: number;
}

/** A browser on made-up answers. */
export interface OpenedPages {
  readonly server: FixtureServer;
  /** Folder of the bundle. */
  readonly folder: string;
  /** A fresh page at a place such as `#/services`; what went wrong in it is collected in `problems`. */
  readonly open: (place: string, options?: OpenOptions) => Promise<Page>;
  /** Errors of all pages opened so far. */
  readonly problems: readonly string[];
  readonly close: () => Promise<void>;
}

/** Bundles, serves and starts a browser; about two seconds. */
export const openPages = async (mesh: FixtureMesh): Promise<OpenedPages> => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-pages-'));
  const pages = await bundleDashboard({ folder });
  const server = await startFixtureServer(pages.folder, mesh);
  const browser = await startBrowser();
  const problems: string[] = [];
  const open = async (place: string, options: OpenOptions = {}): Promise<Page> => {
    const page = await browser.newPage({
      viewport: { width: options.width ?? 1440, height: 900 },
      locale: options.language === 'zh' ? 'zh-CN' : 'en-US',
      colorScheme: options.theme ?? 'light',
      // A panel that is still sliding in has not its colours yet.
      reducedMotion: 'reduce',
    });
    page.on('pageerror', (error) => problems.push(`${place}: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(`${place}: ${message.text()}`);
    });
    await page.goto(`${server.url}${place}`);
    await page.locator('main').waitFor();
    return page;
  };
  const close = async (): Promise<void> => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true });
  };
  return { server, folder: pages.folder, open, problems, close };
};
