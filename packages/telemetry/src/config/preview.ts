import { setImmediate } from 'node:timers/promises';
import type { KubeObject } from '@lateen/api';
import type { Clock } from '@lateen/base';
import { buildPushContext } from '@lateen/translator';
import { loadTypeRegistry } from '@lateen/xds';
import type { PreviewAnswer, PreviewChange } from '../contract/config.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import { isTranslated, translatorInputs } from './mesh-inputs.ts';
import { type ChangeBody, proxyChanges } from './preview-change.ts';
import { proxyOf, proxyView } from './proxy-view.ts';

/** Changes of one answer, and workloads named for each. */
const maxChanges = 500;
const maxProxies = 50;
/** An editor waits for it: what is not looked at by then is left out, and said. */
const budgetMs = 4_000;

interface Collected {
  readonly body: ChangeBody;
  readonly proxies: string[];
}

const order: Readonly<Record<PreviewChange['resource'], number>> = {
  route: 0,
  cluster: 1,
  listener: 2,
};

const asChange = ({ body, proxies }: Collected): PreviewChange => ({
  ...body,
  proxies: proxies.slice(0, maxProxies),
  proxyCount: proxies.length,
});

/** What a preview finds, besides diagnostics. */
export type PreviewResult = Omit<PreviewAnswer, 'valid' | 'diagnostics'>;

const summarize = (found: ReadonlyMap<string, Collected>, skipped: number): PreviewResult => {
  const changes = [...found.values()]
    .map(asChange)
    .sort(
      (left, right) =>
        order[left.resource] - order[right.resource] || (left.name < right.name ? -1 : 1),
    );
  const countOf = (resource: PreviewChange['resource']): number =>
    changes.filter((change) => change.resource === resource).length;
  return {
    changes: changes.slice(0, maxChanges),
    counts: {
      routes: countOf('route'),
      clusters: countOf('cluster'),
      listeners: countOf('listener'),
    },
    proxiesAffected: new Set([...found.values()].flatMap(({ proxies }) => proxies)).size,
    leftOut: Math.max(0, changes.length - maxChanges) + skipped,
  };
};

/**
 * What every proxy would get differently, were `after` the objects instead of `before`: the translator is run on both,
 * and its outputs compared. `leftOut` counts changes and proxies that were not looked at.
 */
export const previewChanges = async (
  {
    before,
    after,
  }: { readonly before: readonly KubeObject[]; readonly after: readonly KubeObject[] },
  model: MeshModel,
  clock: Clock,
): Promise<PreviewResult> => {
  const translated = (objects: readonly KubeObject[]) =>
    translatorInputs(objects.filter(({ kind }) => isTranslated(kind) || kind === 'ConfigMap'));
  const deadlineMs = clock.nowMs() + budgetMs;
  const registry = await loadTypeRegistry();
  const pushBefore = buildPushContext(translated(before));
  const pushAfter = buildPushContext(translated(after), pushBefore);
  const found = new Map<string, Collected>();
  let skipped = 0;
  for (const workload of model.workloads.values()) {
    const proxy = proxyOf(workload);
    if (proxy === undefined) continue;
    if (clock.nowMs() > deadlineMs) {
      skipped++;
      continue;
    }
    const changes = proxyChanges(
      proxyView(pushBefore, proxy),
      proxyView(pushAfter, proxy),
      registry,
    );
    for (const { key, describe } of changes) {
      const collected = found.get(key) ?? { body: describe(), proxies: [] };
      collected.proxies.push(`${workload.namespace}/${workload.name}`);
      found.set(key, collected);
    }
    // Scrapes, spans and other pages go on in between.
    await setImmediate();
  }
  return summarize(found, skipped);
};
