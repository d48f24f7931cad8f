import type { Pod } from '@lateen/api';
import { createKubeClient, loadKubeConfig, resources } from '@lateen/kube';
import { type RunRecord, RuntimeError, readRunRecord, stateFolderAt } from '@lateen/runtime';
import { withLiveMembers } from '../mesh/member-ports.ts';
import type { Output } from '../progress.ts';

/** A dashboard that answers at all does so at once. */
const dashboardTimeoutMs = 2_000;

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;

const countPods = async (record: RunRecord): Promise<string> => {
  try {
    const client = createKubeClient(loadKubeConfig(record.kubeconfig));
    const { items } = await client.list<Pod>(resources.pods);
    return `${items.filter(isReady).length} of ${items.length} ready`;
  } catch {
    return 'unknown: the API server does not answer';
  }
};

/** What a dashboard says about where it reads; '' when all is well. */
const sourceProblems = async (dashboard: string): Promise<string> => {
  try {
    const signal = AbortSignal.timeout(dashboardTimeoutMs);
    const response = await fetch(`${dashboard}/api/v1/status`, { signal });
    const { metrics, tracing } = (await response.json()) as {
      readonly metrics: { readonly error: string };
      readonly tracing: { readonly error: string };
    };
    return [metrics.error, tracing.error].filter((reason) => reason !== '').join('; ');
  } catch {
    return 'it does not answer; see dashboard.log';
  }
};

const dashboardText = async ({ dashboard }: RunRecord): Promise<string> => {
  if (dashboard === undefined) return 'none';
  const problems = await sourceProblems(dashboard);
  return problems === '' ? dashboard : `${dashboard} (${problems})`;
};

/** The cluster that runs on a state folder. @throws RuntimeError `not-running`. */
export const requireRunning = (stateDir: string): RunRecord => {
  const state = stateFolderAt(stateDir);
  const record = readRunRecord(state);
  if (record === undefined)
    throw new RuntimeError(
      'not-running',
      `no cluster is running on ${state.root}: start one with "lateen up"`,
    );
  return record;
};

/** Of a mesh which clusters have a control plane; of one of its clusters who controls it, if another does. */
const topologyRow = ({ clusters, primary }: RunRecord): readonly (readonly [string, string])[] => {
  if (clusters === undefined)
    return primary === undefined ? [] : [['topology', `remote cluster of ${primary}`]];
  const remotes = clusters.filter((one) => one.primary !== undefined);
  if (remotes.length === 0) return [['topology', 'multi-primary']];
  const controlled = [...Map.groupBy(remotes, ({ primary }) => primary)].map(
    ([primary, group]) => `${primary} controls ${group.map(({ name }) => name).join(', ')}`,
  );
  const primaries = clusters.length - remotes.length;
  const kind = primaries > 1 ? 'multi-primary and primary-remote' : 'primary-remote';
  return [['topology', `${kind}: ${controlled.join('; ')}`]];
};

/** Prints what runs and where, for people or as JSON. */
export const status = async (
  stateDir: string,
  format: 'text' | 'json',
  output: Output,
): Promise<void> => {
  const record = withLiveMembers(requireRunning(stateDir));
  if (format === 'json') {
    output.out(`${JSON.stringify(record, undefined, 2)}\n`);
    return;
  }
  for (const { name, primary, gateway, apiServer, stateDir: folder } of record.clusters ?? []) {
    const phase = readRunRecord(stateFolderAt(folder))?.phase ?? 'down';
    const role = primary === undefined ? '' : `, remote cluster of ${primary}`;
    output.out(
      `${name.padEnd(12)}${phase}${role}, gateway ${gateway.http}, API server ${apiServer}\n`,
    );
  }
  const rows: readonly (readonly [string, string])[] = [
    ['phase', record.phase],
    ...topologyRow(record),
    ['gateway', record.gateway.http],
    ['dashboard', await dashboardText(record)],
    ['API server', record.apiServer],
    ['kubeconfig', record.kubeconfig],
    ['network', `${record.network.kind} ${record.network.cidr}`],
    ['pods', await countPods(record)],
    ['supervisor', `pid ${record.pid}, since ${record.startedAt}`],
  ];
  output.out(rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join(''));
};
