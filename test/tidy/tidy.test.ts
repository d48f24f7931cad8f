/** Keeps the house in the shape ARCHITECTURE.md and CONTRIBUTING.md describe. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const skipped = new Set(['node_modules', '.git', '.lateen', 'gen', 'testdata', 'coverage']);

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? walk(path) : [path];
  });

const files = walk(root).map((path) => relative(root, path));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const sources = files.filter((file) => /\.(ts|tsx|mjs)$/.test(file));
const packages = readdirSync(join(root, 'packages'));

/** The direction table of ARCHITECTURE.md. */
const mayImport = new Map<string, readonly string[]>(
  [
    ...read('ARCHITECTURE.md').matchAll(/^\| `(\w+)` \|[^|]*\| ([^|]*) \| (?:pure|Node|DOM) \|$/gm),
  ].map(([, name = '', list = '']) => [name, list === '–' ? [] : list.split(' ')]),
);

test('the direction table lists every package', () => {
  assert.deepEqual([...mayImport.keys()].sort(), packages.toSorted());
});

for (const name of packages) {
  test(`package ${name} depends only on what it may import`, () => {
    const manifest = JSON.parse(read(`packages/${name}/package.json`)) as {
      dependencies?: Record<string, string>;
    };
    const declared = Object.keys(manifest.dependencies ?? {})
      .filter((dependency) => dependency.startsWith('@lateen/'))
      .map((dependency) => dependency.slice('@lateen/'.length));
    const allowed = mayImport.get(name) ?? [];
    assert.deepEqual(
      declared.filter((dependency) => !allowed.includes(dependency)),
      [],
    );
    for (const file of sources.filter((path) => path.startsWith(`packages/${name}/src/`))) {
      const imported = [...read(file).matchAll(/from '@lateen\/([\w-]+)/g)].map(
        ([, to]) => to ?? '',
      );
      const strange = imported.filter((to) => !declared.includes(to) && to !== name);
      assert.deepEqual(strange, [], `${file} imports what its package.json does not declare`);
    }
  });

  test(`package ${name} has a README`, () => {
    assert.ok(existsSync(join(root, 'packages', name, 'README.md')));
  });
}

test('no relative import leaves its package', () => {
  const leaving = sources
    .filter((file) => file.startsWith('packages/'))
    .flatMap((file) => {
      const home = file.split('/').slice(0, 2).join('/');
      return [...read(file).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
        .filter(([, to = '']) => !join(dirname(file), to).startsWith(`${home}/`))
        .map(([, to]) => `${file} -> ${to}`);
    });
  assert.deepEqual(leaving, []);
});

test('file names say what is inside', () => {
  const banned = /^(utils?|helpers?|common|misc|types|manager|constants|enums)\.tsx?$/;
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|gen|d))*\.(ts|tsx|mjs)$/;
  const bad = sources.filter((file) => banned.test(basename(file)) || !kebab.test(basename(file)));
  assert.deepEqual(bad, []);
});

test('files keep to the size limits', () => {
  const long = sources.filter((file) => {
    const lines = read(file).split('\n').length;
    return lines > (file.endsWith('.test.ts') || file.startsWith('test/') ? 800 : 500);
  });
  assert.deepEqual(long, []);
});

test('links between documents lead somewhere', () => {
  const broken = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...read(file).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter(([, to = '']) => !existsSync(join(root, dirname(file), to)))
        .map(([, to]) => `${file} -> ${to}`),
    );
  assert.deepEqual(broken, []);
});

test('no test is left alone or switched off without a reason', () => {
  const marks = /\b(test|it|describe)\.(only|todo)\b|\bskip: true\b/;
  assert.deepEqual(
    sources.filter(
      (file) => file.endsWith('.test.ts') && !file.includes('tidy') && marks.test(read(file)),
    ),
    [],
  );
});

test('chance decides no test: drawn cases are the same in every run', () => {
  const tests = sources.filter(
    (file) => /\.test\.ts$|^test\/|\/testing\//.test(file) && !/tidy|^test\/bench\//.test(file),
  );
  const unseeded = tests.filter((file) => {
    const text = read(file);
    return text.includes("from 'fast-check'") && !/\bseed\b/.test(text);
  });
  assert.deepEqual(unseeded, []);
  const drawn = tests.filter((file) => /\bMath\.random\b/.test(read(file)));
  assert.deepEqual(drawn, []);
});

test('nothing names the machine it was written on', () => {
  const places = /\/work\/(main|shared|\.library)/;
  assert.deepEqual(
    files.filter(
      (file) =>
        /\.(ts|tsx|mjs|md|json|ya?ml)$/.test(file) &&
        !file.includes('tidy') &&
        places.test(read(file)),
    ),
    [],
  );
});
