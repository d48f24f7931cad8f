/** A real Prometheus scrapes the mesh: what it answers is right, and our own query API answers the same. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPage, type Mesh, missing, startMesh, until } from './mesh.ts';

const binary = process.env['PROMETHEUS'] ?? 'prometheus';

const without = ((): string | false => {
  if (missing !== false) return missing;
  try {
    execFileSync(binary, ['--version'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'prometheus is not on the PATH (set PROMETHEUS to its location)';
  }
})();

const options = { skip: without, timeout: 180_000 };
const visits = 100;
let mesh: Mesh;
let folder = '';
let stop: () => Promise<void> = async () => undefined;
/** Base of the real one's API. */
let real = '';

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

const ask = async (base: string, query: string): Promise<ReadonlyMap<string, number>> => {
  const page = await fetchPage(`${base}/api/v1/query?query=${encodeURIComponent(query)}`);
  assert.equal(page.status, 200, `${query}: ${page.body}`);
  const { data } = JSON.parse(page.body) as { data: { result: readonly Sample[] } };
  return new Map(
    data.result.map(({ metric, value }) => [
      JSON.stringify(Object.entries(metric).sort()),
      Number(value[1]),
    ]),
  );
};

const single = async (base: string, query: string): Promise<number | undefined> =>
  [...(await ask(base, query)).values()][0];

const startPrometheus = async (): Promise<void> => {
  folder = mkdtempSync(join(tmpdir(), 'lateen-prometheus-'));
  const path = '{range .items[*]}{.metadata.name},{.status.podIP}{"\\n"}{end}';
  const pods = await mesh.kubectl(`get pods -A -o jsonpath=${path.replaceAll(' ', '')}`);
  const targets = pods
    .trim()
    .split('\n')
    .map((line) => line.split(','))
    .map(([name = '', ip = '']) => {
      const isIstiod = name.startsWith('istiod');
      const address = `${ip}:${isIstiod ? 15014 : 15020}`;
      const metricsPath = isIstiod ? '/metrics' : '/stats/prometheus';
      return `      - targets: ['${address}']\n        labels: { pod: ${name}, __metrics_path__: ${metricsPath} }`;
    });
  const config = `global: { scrape_interval: 2s }\nscrape_configs:\n  - job_name: mesh\n    static_configs:\n${targets.join('\n')}\n`;
  writeFileSync(join(folder, 'prometheus.yml'), config);
  const child = spawn(
    binary,
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      '--web.listen-address=127.0.0.1:39090',
    ],
    { stdio: 'ignore' },
  );
  stop = async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  real = 'http://127.0.0.1:39090';
  await until('Prometheus', async () =>
    (await fetchPage(`${real}/-/ready`).catch(() => undefined))?.status === 200 ? true : undefined,
  );
};

before(async () => {
  if (without !== false) return;
  mesh = await startMesh({ sample: 'bookinfo', dashboard: true });
  await startPrometheus();
}, options);
after(async () => {
  if (without !== false) return;
  await stop();
  await mesh.down();
  rmSync(folder, { recursive: true, force: true });
}, options);

const toProductpage =
  'sum(istio_requests_total{reporter="source",destination_service_name="productpage",response_code="200"})';

/** Answers that must be the same number. */
const equal: readonly string[] = [
  'sum(istio_requests_total{reporter="source"})',
  'sum by (destination_workload) (istio_requests_total{reporter="destination"})',
  'sum(istio_requests_total) by (reporter, response_code)',
  'sum(istio_requests_total) by (connection_security_policy)',
  'sum(istio_requests_total) by (source_canonical_service, destination_canonical_service)',
  'count(istio_requests_total)',
  'max by (pod) (istio_requests_total)',
  'avg(istio_requests_total)',
  'topk(2, sum by (destination_service_name) (istio_requests_total{reporter="source"}))',
  'sum(istio_request_bytes_sum)',
  'sum(istio_response_bytes_count) by (destination_service)',
  'sum by (le) (istio_request_duration_milliseconds_bucket{reporter="source"})',
  'histogram_quantile(0.50, sum by (le, destination_service_name) (istio_request_duration_milliseconds_bucket{reporter="source"}))',
  'histogram_quantile(0.99, sum by (le) (istio_request_duration_milliseconds_bucket{reporter="destination"}))',
  'label_join(sum(istio_requests_total) by (source_workload, source_workload_namespace), "x", ".", "source_workload", "source_workload_namespace")',
  'sum(pilot_xds) by (type)',
  'max(pilot_services)',
];

/** Answers that depend on when was scraped, and on what is made of series younger than the range: alike. */
const alike: readonly string[] = [
  'sum(increase(istio_requests_total{reporter="source",destination_service_name="details"}[2m]))',
  'sum(rate(istio_requests_total{reporter="source",response_code!~"5.*"}[2m])) / sum(rate(istio_requests_total{reporter="source"}[2m]))',
  'histogram_quantile(0.90, sum(rate(istio_request_duration_milliseconds_bucket{reporter="source"}[2m])) by (le))',
  'sum(rate(istio_request_duration_milliseconds_sum{reporter="source"}[2m])) / sum(rate(istio_request_duration_milliseconds_count{reporter="source"}[2m]))',
];

test(
  'the real one counts every request, and our query API answers as it does',
  options,
  async () => {
    const ours = `${mesh.dashboard}/prometheus`;
    const before = await until('first scrapes', async () => {
      const [there, here] = [await single(real, toProductpage), await single(ours, toProductpage)];
      return there !== undefined && there === here ? there : undefined;
    });
    for (let count = 0; count < visits; count++) {
      assert.equal((await fetchPage(`${mesh.gateway}/productpage`)).status, 200);
    }
    for (const base of [real, ours]) {
      await until(`all requests at ${base}`, async () =>
        (await single(base, toProductpage)) === before + visits ? true : undefined,
      );
    }
    const up = await ask(real, 'up == 0');
    assert.deepEqual([...up], [], 'every target is up');
    const detailsCount =
      'sum(istio_requests_total{reporter="destination",destination_app="details"})';
    await until('both sides tell the same', async () =>
      (await single(real, detailsCount)) === (await single(ours, detailsCount)) ? true : undefined,
    );
    for (const query of equal) {
      const expected = await ask(real, query);
      const found = await ask(ours, query);
      assert.ok(expected.size > 0, query);
      for (const [labels, value] of expected) {
        const other = found.get(labels) ?? Number.NaN;
        assert.ok(
          Math.abs(other - value) <= 1e-9 * Math.abs(value),
          `${query} ${labels}: ${value}, not ${other}`,
        );
      }
      assert.equal(found.size, expected.size, query);
    }
    for (const query of alike) {
      const [expected = 0, found = 0] = [await single(real, query), await single(ours, query)];
      assert.ok(
        Math.abs(found - expected) <= 0.3 * expected,
        `${query}: ${expected}, not ${found}`,
      );
    }
  },
);
