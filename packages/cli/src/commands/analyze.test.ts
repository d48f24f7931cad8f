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

const customers = `
apiVersion: v1
kind: Service
metadata: { name: customers }
spec: { selector: { app: customers }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: customers }
spec: { host: customers, subsets: [{ name: v1 }, { name: v2 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: customers-1, labels: { app: customers } }
spec: { containers: [{ name: app, image: x }] }
---`;

/** The manifest of a tutorial: meant as 70/30, but the first rule takes everything. */
const weights = `${customers}
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata:
  name: customers-route
spec:
  hosts:
  - customers.default.svc.cluster.local
  http:
  - name: customers-v1-routes
    route:
    - destination:
        host: customers.default.svc.cluster.local
        subset: v1
      weight: 70
  - name: customers-v2-routes
    route:
    - destination:
        host: customers.default.svc.cluster.local
        subset: v2
      weight: 30
`;

const alone = ['analyze', '--use-kube=false'];

test('two rules without match are accepted and explained', async (t) => {
  const file = fileWith(t, weights);
  const line = `Warning [IST0130] (VirtualService default/customers-route ${file}:31) VirtualService rule "customers-v2-routes" not used (only the last rule can have no matches).\n`;
  assert.deepEqual(await runWords([...alone, file]), { code: 0, out: line, err: '' });
  const strict = await runWords([...alone, '--failure-threshold', 'Warning', file]);
  assert.equal(strict.code, 79);
  assert.equal(strict.out, line);
  assert.match(
    strict.err,
    /^Error: Analyzers found issues when analyzing namespace: default\.\nSee https:\S+analysis for more information about causes and resolutions\.\n$/,
  );
  assert.equal((await runWords(['validate', '-f', file])).code, 0);
});

test('errors end with 79, in the log format only', async (t) => {
  const file = fileWith(t, weights.replaceAll('subset: v2', 'subset: v9'));
  const { code, out } = await runWords([...alone, file]);
  assert.equal(code, 79);
  assert.equal(
    out.split('\n')[0],
    `Error [IST0101] (VirtualService default/customers-route ${file}:35) Referenced host+subset in destinationrule not found: "customers.default.svc.cluster.local+v9"`,
  );
  const json = await runWords([...alone, '-o', 'json', file]);
  assert.equal(json.code, 0);
  assert.deepEqual(JSON.parse(json.out)[0], {
    code: 'IST0101',
    documentationUrl:
      'https://istio.io/v1.30/docs/reference/config/analysis/ist0101/?ref=istioctl-analyze',
    level: 'Error',
    message:
      'Referenced host+subset in destinationrule not found: "customers.default.svc.cluster.local+v9"',
    origin: 'VirtualService default/customers-route',
    reference: `${file}:35`,
    field: 'spec.http[1].route[0].destination.subset',
    line: 35,
    column: 17,
  });
  const yaml = await runWords([...alone, '-o', 'yaml', file]);
  assert.match(yaml.out, /^- code: IST0101\n/);
});

test('nothing found is said on standard error', async (t) => {
  const file = fileWith(t, customers);
  const { code, out, err } = await runWords([...alone, file]);
  assert.deepEqual({ code, out }, { code: 0, out: '' });
  assert.equal(err, `✔ No validation issues found when analyzing ${file}.\n`);
  const none = await runWords([...alone, '-A']);
  assert.equal(none.err, '✔ No validation issues found when analyzing all namespaces.\n');
});

test('only the namespace that was asked for is reported', async (t) => {
  const file = fileWith(
    t,
    weights.replace(
      'metadata:\n  name: customers-route',
      'metadata:\n  namespace: prod\n  name: customers-route',
    ),
  );
  assert.equal((await runWords([...alone, file])).out, '');
  assert.match(
    (await runWords([...alone, '-n', 'prod', file])).out,
    /VirtualService prod\/customers-route/,
  );
  assert.match(
    (await runWords([...alone, '-A', file])).out,
    /VirtualService prod\/customers-route/,
  );
});

test('messages can be left out', async (t) => {
  const file = fileWith(t, weights);
  for (const words of [
    ['-S', 'IST0130=VirtualService customers-route.default'],
    ['-S', 'IST0130=VirtualService *.default'],
    ['--output-threshold', 'Error'],
  ])
    assert.equal((await runWords([...alone, ...words, file])).out, '', words.join(' '));
  assert.notEqual((await runWords([...alone, '-S', 'IST0130=VirtualService x.*', file])).out, '');
});

test('files that are no manifests end with 65', async (t) => {
  const file = fileWith(t, `${customers}\nkind: 3\n`);
  const { code, err } = await runWords([...alone, file]);
  assert.equal(code, 65);
  assert.match(err, /rules\.yaml:17:1: not a Kubernetes object/);
  assert.match(
    err,
    /\(but 1 file could not be parsed\)\.\nError: Some files couldn't be parsed\.\n$/,
  );
  assert.equal((await runWords([...alone, '--ignore-unknown', file])).code, 0);
});

const usage: readonly [readonly string[], number, RegExp][] = [
  [['analyze', '-o', 'xml'], 2, /use log, json or yaml/],
  [['analyze', '--failure-threshold', 'high'], 2, /use Error, Warning or Info/],
  [['analyze', '-S', 'IST0101'], 2, /write <code>=<resource>/],
  [['analyze', '--use-kube', 'file.yaml'], 2, /write --use-kube=true or --use-kube=false/],
  [['analyze', '-L'], 0, /\* virtualservice\.GatewayAnalyzer:\n {4}Checks the gateways/],
  [[...alone, '/nonexistent/x.yaml'], 1, /x\.yaml/],
];
for (const [words, code, text] of usage)
  test(`lateen ${words.join(' ')}`, async () => {
    const result = await runWords(words);
    assert.equal(result.code, code);
    assert.match(result.out + result.err, text);
  });

test('without a cluster it says how to do without', async (t) => {
  const file = fileWith(t, weights);
  const { code, err } = await runWords(['analyze', '--state-dir', join(file, '..', 'none'), file]);
  assert.equal(code, 1);
  assert.match(
    err,
    /no cluster is running on .*to analyze the files alone, add --use-kube=false\n$/,
  );
});

test('gaps of DENY rules depend on how the mesh normalises paths', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-analyze-'));
  try {
    const policy = join(folder, 'policy.yaml');
    writeFileSync(
      policy,
      `
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: app, image: x }, { name: istio-proxy, image: x }] }
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ['/1*'] } }] }] }
`,
    );
    const mesh = join(folder, 'mesh.yaml');
    writeFileSync(
      mesh,
      `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: 'pathNormalization: { normalization: MERGE_SLASHES }' }
`,
    );
    const gaps = async (...files: string[]): Promise<boolean> => {
      const { out } = await runWords(['analyze', '--use-kube=false', ...files]);
      return out.includes('DenyRuleGap');
    };
    assert.equal(await gaps(policy), true);
    assert.equal(await gaps(policy, mesh), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
