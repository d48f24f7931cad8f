import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bundleDashboard } from './bundle-dashboard.ts';
import { DashboardError } from './dashboard-error.ts';

const inFolder = async (act: (folder: string) => Promise<void>): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-bundle-'));
  try {
    await act(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

test('the first start bundles, the second finds it, the oldest bundles go', () =>
  inFolder(async (folder) => {
    const first = await bundleDashboard({ folder });
    assert.equal(first.isFresh, true);
    const again = await bundleDashboard({ folder });
    assert.equal(again.isFresh, false);
    assert.equal(again.folder, first.folder);
    for (const name of ['0', '1', '2', '3']) {
      const old = join(folder, name.repeat(16));
      await writeFile(old, '');
      await utimes(old, 1, 1 + Number(name));
    }
    const other = await bundleDashboard({ folder, development: true });
    assert.notEqual(other.folder, first.folder);
    const left = [first, other].map((each) => basename(each.folder));
    assert.deepEqual(
      (await readdir(folder)).sort(),
      [...left, '2222222222222222', '3333333333333333'].sort(),
    );
  }));

test('two starts at once do not hinder each other', () =>
  inFolder(async (folder) => {
    const [a, b] = await Promise.all([bundleDashboard({ folder }), bundleDashboard({ folder })]);
    assert.equal(a.folder, b.folder);
    assert.ok((await readdir(a.folder)).includes('index.html'));
  }));

test('every file that the page names is there, also compressed, and no code is inline', () =>
  inFolder(async (folder) => {
    const pages = await bundleDashboard({ folder });
    const page = await readFile(join(pages.folder, 'index.html'), 'utf8');
    const names = [...page.matchAll(/assets\/[\w.-]+/g)].map(([name]) => name);
    assert.equal(new Set(names).size, 5);
    for (const name of names) {
      const text = await readFile(join(pages.folder, name));
      if (name.endsWith('.woff2')) continue;
      assert.deepEqual(gunzipSync(await readFile(join(pages.folder, `${name}.gz`))), text);
    }
    assert.doesNotMatch(page, /<script(?![^>]*src=)/);
  }));

test('a folder that cannot be written is an error with a code', () =>
  inFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await assert.rejects(
      bundleDashboard({ folder: file }),
      (error: unknown) => error instanceof DashboardError && error.code === 'write',
    );
  }));
