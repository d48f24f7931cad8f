import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readManifestSet } from './manifest-set.ts';

const folder = (t: TestContext): string => {
  const path = mkdtempSync(join(tmpdir(), 'lateen-manifests-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
};

const text = `# a comment
apiVersion: v1
kind: List
items:
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata:
    name: a
    annotations:
      a.b/c: x
  spec:
    hosts: [a,
            b]
    http:
    - route:
      - destination:
          host: gone
---
---
apiVersion: v1
kind: Service
metadata: { name: s }
`;

const places: readonly (readonly [string, number, number])[] = [
  ['spec.hosts[1]', 13, 13],
  ['spec.http[0]', 15, 7],
  ['spec.http[0].route[0].destination.host', 17, 17],
  // What is not written is as near as the text gets.
  ['spec.http[0].route[0].destination.subset', 16, 9],
  ['metadata.annotations[a.b/c]', 10, 14],
  ['spec.gateways[3]', 11, 3],
  ['', 5, 3],
];

test('fields have places, also within a List', () => {
  const { objects, problems } = readManifestSet(['-'], { stdin: () => text });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    objects.map(({ object: { kind, metadata } }) => `${kind} ${metadata.name}`),
    ['VirtualService a', 'Service s'],
  );
  for (const [path, line, column] of places)
    assert.deepEqual(objects[0]?.locate(path), { file: '-', line, column }, path);
  assert.deepEqual(objects[1]?.locate('metadata.name'), { file: '-', line: 22, column: 19 });
});

test('what is no object is a problem with a place, and the rest is read', () => {
  const broken = 'kind: Pod\n---\na: [\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: p }\n';
  const { objects, problems } = readManifestSet(['-'], { stdin: () => broken });
  assert.equal(objects.length, 1);
  assert.match(problems[0]?.message ?? '', /^not a Kubernetes object/);
  assert.deepEqual(problems[0]?.position, { file: '-', line: 1, column: 1 });
  assert.equal(problems.length, 2);
});

test('aliases that lead nowhere, or to far too much, are problems', () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: [*c, *c, *c, *c, *c, *c, *c, *c, *c]
`;
  for (const text of ['kind: *gone\n', bomb]) {
    const { objects, problems } = readManifestSet(['-'], { stdin: () => text });
    assert.deepEqual(objects, []);
    assert.match(problems[0]?.message ?? '', /alias/i);
  }
});

test('folders are read in order of names, by extension', (t) => {
  const path = folder(t);
  const pod = (name: string): string => `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\n`;
  mkdirSync(join(path, 'inner'));
  writeFileSync(join(path, 'b.yaml'), pod('b'));
  writeFileSync(
    join(path, 'a.json'),
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }),
  );
  writeFileSync(join(path, 'readme.md'), '#');
  writeFileSync(join(path, 'inner', 'c.yml'), pod('c'));
  const names = (recursive: boolean): readonly string[] =>
    readManifestSet([path], { recursive }).objects.map(({ object }) => object.metadata.name);
  assert.deepEqual(names(false), ['a', 'b']);
  assert.deepEqual(names(true), ['a', 'b', 'c']);
  assert.deepEqual(readManifestSet([path]).skipped, [join(path, 'readme.md')]);
  assert.throws(() => readManifestSet([join(path, 'none.yaml')]), /none\.yaml/);
});
