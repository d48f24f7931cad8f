import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runWords } from '../testing/run-words.ts';

/** A folder with one file; its name stands for `FILE` in expectations. */
const fileWith = (t: TestContext, text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-analyze-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, text);
  return file;
};

const service = `
apiVersion: v1
kind: Service
metadata: { name: customers }
spec: { selector: { app: customers }, ports: [{ name: http, port: 80 }] }
`;

test('validate names file, line and column of every mistake', async (t) => {
  const file = fileWith(
    t,
    `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: a }
spec:
  hosts: [a]
  http:
  - match:
    - uri: { prefx: /x }
    route:
    - destination: { host: a }
      weight: -1
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: b, namespace: prod }
spec:
  host: b
  trafficPolicy:
    loadBalancer: { simple: LEAST_CONN }
---
apiVersion: example.com/v1
kind: Whatever
metadata: { name: c }
`,
  );
  const { code, out, err } = await runWords(['validate', '-f', file]);
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  const lines = err
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(file, 'FILE'));
  assert.equal(
    lines[0],
    'FILE:8:14: error: VirtualService a: unknown field "spec.http[0].match[0].uri.prefx"',
  );
  assert.match(
    lines[1] ?? '',
    /^FILE:11:15: error: VirtualService a: spec\.http\[0\]\.route\[0\]\.weight: /,
  );
  assert.equal(
    lines[2],
    'FILE:19:29: warning: DestinationRule prod/b: spec.trafficPolicy.loadBalancer.simple: LEAST_CONN is deprecated: use LEAST_REQUEST',
  );
  assert.equal(lines.at(-1), 'Error: 2 errors occurred');
  const good = fileWith(t, service);
  assert.deepEqual(await runWords(['validate', '-f', good]), {
    code: 0,
    out: `"${good}" is valid\n`,
    err: '',
  });
});

test('without files it says how they are named', async () => {
  const { code, err } = await runWords(['validate']);
  assert.equal(code, 1);
  assert.match(err, /^Error: you must specify resources by --filename\./);
});

test('what is no manifest is not valid', async (t) => {
  const file = fileWith(t, `${service}---\nkind: [\n`);
  const { code, out, err } = await runWords(['validate', '-f', file]);
  assert.deepEqual({ code, out }, { code: 1, out: '' });
  assert.match(err.replace(file, 'FILE'), /^FILE:8:1: error: /);
});

test('kinds and versions that Istio does not have are refused, those of others are not', async (t) => {
  const row = (apiVersion: string, kind: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`;
  const file = fileWith(
    t,
    [
      row('networking.istio.io/v1', 'VirtualServce'),
      row('networking.istio.io/v2', 'VirtualService'),
      row('example.com/v1', 'VirtualServce'),
      row('install.istio.io/v1alpha1', 'IstioOperator'),
    ].join('---\n'),
  );
  const { code, err } = await runWords(['validate', '-f', file]);
  assert.equal(code, 1);
  assert.equal(
    err.replaceAll(file, 'FILE'),
    `FILE:2:7: error: VirtualServce a: no matches for kind "VirtualServce" in version "networking.istio.io/v1"
FILE:6:7: error: VirtualService a: no matches for kind "VirtualService" in version "networking.istio.io/v2"
Error: 2 errors occurred
`,
  );
});
