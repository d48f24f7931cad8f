import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImageCatalog, readImageCatalog } from './image-catalog.ts';
import { formatImageName, parseImageName } from './image-name.ts';

const names: readonly [string, string | undefined][] = [
  ['nginx', 'docker.io/library/nginx:latest'],
  ['curlimages/curl', 'docker.io/curlimages/curl:latest'],
  [
    'docker.io/istio/examples-bookinfo-reviews-v2:1.20.2',
    'docker.io/istio/examples-bookinfo-reviews-v2:1.20.2',
  ],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest'],
  ['gcr.io/project/app@sha256:abc', 'gcr.io/project/app@sha256:abc'],
  ['localhost:5000/app', 'localhost:5000/app:latest'],
  ['Upper/Case', undefined],
  ['', undefined],
  ['app:bad tag', undefined],
];

for (const [text, full] of names)
  test(`image name "${text}"`, () => {
    const name = parseImageName(text);
    assert.equal(name && formatImageName(name), full);
  });

const catalogFile = (t: { after(run: () => void): void }, content: unknown): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-images-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'main.ts'), '');
  const path = join(folder, 'images.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

test('paths are relative to the catalog, node is this Node, flags stay', (t) => {
  const path = catalogFile(t, [
    { image: 'acme/app', command: ['node', 'main.ts', '--mode=a.b', 'other.ts'], env: { A: '1' } },
    { image: 'acme/app:v2', command: ['true'] },
  ]);
  const catalog = new ImageCatalog(readImageCatalog(path));
  const image = catalog.find('docker.io/acme/app:anything');
  assert.deepEqual(image?.command, [
    process.execPath,
    join(path, '..', 'main.ts'),
    '--mode=a.b',
    'other.ts',
  ]);
  assert.deepEqual(image?.env, { A: '1' });
  assert.deepEqual(catalog.find('acme/app:v2')?.command, ['true']);
  assert.equal(catalog.find('acme/other'), undefined);
});

test('bad catalogs are refused with the entry', (t) => {
  const bad: readonly [unknown, RegExp][] = [
    ['{', /cannot read image catalog/],
    [{}, /must be a list/],
    [[{ image: 'a', command: [] }], /entry 0: "command"/],
    [[{ image: 'a', command: ['x'] }, { command: ['x'] }], /entry 1: "image"/],
    [[{ image: 'a', command: ['x'], env: { A: 1 } }], /"env"/],
  ];
  for (const [content, message] of bad)
    assert.throws(() => readImageCatalog(catalogFile(t, content)), message);
});
