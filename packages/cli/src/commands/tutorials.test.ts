/** The manifests of the tutorials, before any cluster: what `validate` and `analyze` say of them. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { runWords } from '../testing/run-words.ts';

const root = join(import.meta.dirname, '../../../..');
const manifests = [
  ...globSync('samples/**/*.yaml', { cwd: root }),
  ...globSync('packages/api/testdata/manifests/*.yaml', { cwd: root }),
].toSorted();

/** Warnings that admission gives with fields that the tutorials write in the old way. */
const warnings: Readonly<Record<string, readonly string[]>> = {
  'packages/api/testdata/manifests/traffic-policies.yaml': [
    '47:26: warning: DestinationRule outliers: spec.trafficPolicy.outlierDetection.consecutiveErrors: consecutiveErrors is deprecated: use consecutive5xxErrors or consecutiveGatewayErrors',
    '75:17: warning: DestinationRule by-port: spec.trafficPolicy.portLevelSettings[0].loadBalancer.simple: LEAST_CONN is deprecated: use LEAST_REQUEST',
  ],
};

test('there are manifests', () => {
  assert.ok(manifests.length > 40);
});

for (const file of manifests)
  test(`${file} is valid`, async () => {
    const path = join(root, file);
    const { code, out, err } = await runWords(['validate', '-f', path]);
    const said = err.split('\n').filter((line) => line !== '');
    assert.deepEqual(
      said.map((line) => line.replace(`${path}:`, '')),
      warnings[file] ?? [],
    );
    assert.equal(out, `"${path}" is valid\n`);
    assert.equal(code, 0);
  });

interface Finding {
  readonly code: string;
  readonly level: string;
  readonly origin: string;
  readonly reference: string;
  readonly column: number;
}

/** `Warning IST0130 VirtualService default/a customers.yaml:17:10`. */
const findings = async (files: readonly string[]): Promise<readonly string[]> => {
  const words = ['analyze', '--use-kube=false', '-A', '-o', 'json'];
  const { out } = await runWords([...words, ...files.map((file) => join(root, file))]);
  return (JSON.parse(out) as readonly Finding[]).map(
    ({ code, level, origin, reference, column }) =>
      `${level} ${code} ${origin} ${relative(root, reference)}:${column}`,
  );
};

const customers = 'samples/customers/simple-routing';
const networking = 'samples/bookinfo/networking';
const bookinfo = [
  'samples/bookinfo/platform/kube/bookinfo.yaml',
  `${networking}/bookinfo-gateway.yaml`,
  `${networking}/destination-rule-all.yaml`,
];
/** destination-rule-all.yaml names databases of ratings that run only with further deployments. */
const unusedSubsets = [
  `Error IST0173 DestinationRule default/ratings ${networking}/destination-rule-all.yaml:43:7`,
  `Error IST0173 DestinationRule default/ratings ${networking}/destination-rule-all.yaml:46:7`,
];
const ingressSubset = `Warning IST0140 VirtualService default/bookinfo ${networking}/bookinfo-gateway.yaml:40:19`;

const chapters: readonly {
  readonly name: string;
  readonly files: readonly string[];
  readonly found: readonly string[];
}[] = [
  {
    name: 'traffic routing 3.1: the second of two rules without a match',
    files: [
      `${customers}/customers-70-30.yaml`,
      `${customers}/customers-v1.yaml`,
      `${customers}/customers-v2.yaml`,
      `${customers}/customers-dr.yaml`,
    ],
    found: [
      `Warning IST0130 VirtualService default/customers-route ${customers}/customers-70-30.yaml:17:7`,
    ],
  },
  {
    name: 'traffic routing 6: before the second version runs',
    files: [
      'gateway',
      'web-frontend',
      'web-frontend-vs',
      'customers-v1',
      'customers-dr',
      'customers-vs',
    ].map((name) => `${customers}/${name}.yaml`),
    found: [`Error IST0173 DestinationRule default/customers ${customers}/customers-dr.yaml:12:7`],
  },
  {
    name: 'traffic routing 6: half and half',
    files: [
      'gateway',
      'web-frontend',
      'web-frontend-vs',
      'customers-v1',
      'customers-v2',
      'customers-dr',
      'customers-50-50',
    ].map((name) => `${customers}/${name}.yaml`),
    found: [],
  },
  {
    name: 'traffic routing 7: by header',
    files: globSync('samples/customers/header-routing/*.yaml', { cwd: root }),
    found: [],
  },
  {
    name: 'versions by header: the whole namespace',
    files: globSync('samples/specialroutes/**/*.yaml', { cwd: root }),
    found: [],
  },
  ...['virtual-service-all-v1', 'virtual-service-reviews-v3'].map((rule) => ({
    name: `bookinfo: ${rule}`,
    files: [...bookinfo, `${networking}/${rule}.yaml`],
    found: rule === 'virtual-service-all-v1' ? [...unusedSubsets, ingressSubset] : unusedSubsets,
  })),
  ...['test-v2', '50-v3'].map((rule) => ({
    name: `bookinfo: reviews ${rule}`,
    files: [...bookinfo, `${networking}/virtual-service-reviews-${rule}.yaml`],
    found: unusedSubsets,
  })),
  ...['delay', 'abort'].map((rule) => ({
    name: `bookinfo: fault ${rule}`,
    files: [...bookinfo, `${networking}/virtual-service-ratings-test-${rule}.yaml`],
    found: unusedSubsets,
  })),
];
for (const { name, files, found } of chapters)
  test(`analyze: ${name}`, async () => {
    assert.deepEqual(await findings(files), found);
  });
