/** The queries of the dashboards and rules that are shipped are ones that can be asked. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { SeriesStore } from '../metrics/series-store.ts';
import { instantQuery } from './promql-query.ts';

const root = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');

interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

const ofDashboard = (text: string): readonly string[] =>
  (JSON.parse(text) as Dashboard).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

const grafana = readdirSync(new URL('deploy/observability/grafana/', root)).flatMap((file) =>
  ofDashboard(read(`deploy/observability/grafana/${file}`)),
);

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly expr: string }[] }[];
}

const rules = (parse(read('deploy/observability/prometheus/rules.yaml')) as Rules).groups.flatMap(
  (group) => group.rules.map(({ expr }) => expr),
);

const addons = parseAllDocuments(read('samples/addons/grafana.yaml'))
  .map((document) => document.toJS() as { readonly data?: Readonly<Record<string, string>> })
  .flatMap(({ data }) => Object.entries(data ?? {}))
  .filter(([name]) => name.endsWith('.json'))
  .flatMap(([, text]) => ofDashboard(text));

test('every query that is shipped can be read and evaluated', () => {
  const queries = [...grafana, ...rules, ...addons];
  assert.ok(queries.length > 40, `${queries.length} queries`);
  const store = new SeriesStore();
  store.beginRound(1000);
  for (const query of queries) {
    // Grafana fills variables in before it asks.
    const filled = query.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, 'x');
    assert.equal(instantQuery(store, filled, 1000).problem, undefined, query);
  }
});
