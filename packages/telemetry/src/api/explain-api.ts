import { askedMesh, type Caller, parseRequest, simulate } from '@lateen/simulation';
import { KeptClusters } from '../clusters/kept-clusters.ts';
import { replaced } from '../config/findings.ts';
import { readManifestText } from '../config/manifest-text.ts';
import type { CallerList, ExplainAnswer } from '../contract/explain.ts';
import type { Eyes } from '../eyes.ts';
import { ok } from '../server/answer.ts';
import { BodyReader } from '../server/body-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { refused } from './config-api.ts';
import { pathOf } from './explain-path.ts';

const callerOf = (from: BodyReader): Caller => {
  const kind = from.text('kind') || 'outbound';
  if (kind === 'gateway') return { kind, gateway: from.requiredText('gateway') };
  if (kind !== 'outbound' && kind !== 'inbound') {
    from.refuse('from.kind', 'must be outbound, inbound or gateway');
  }
  return {
    kind: kind === 'inbound' ? 'inbound' : 'outbound',
    workload: from.requiredText('workload'),
  };
};

const explainRoute = (eyes: Eyes, kept: KeptClusters): ApiRoute => ({
  method: 'POST',
  path: 'explain',
  isHeavy: true,
  handle: async ({ body }) => {
    const reader = new BodyReader(body);
    const caller = callerOf(reader.object('from'));
    const method = reader.text('method') || 'GET';
    const url = reader.requiredText('url');
    const headers = reader.texts('headers');
    const yaml = reader.text('yaml');
    if (reader.diagnostics.length > 0) return refused(reader);
    const parsed = parseRequest({ method, url, headers });
    const nothing = (diagnostics: ExplainAnswer['diagnostics']) =>
      ok({ simulation: null, path: null, diagnostics } satisfies ExplainAnswer);
    if (parsed.value === undefined) return nothing(parsed.diagnostics);
    const text = readManifestText(yaml, 'default');
    const written = text.objects.map(({ object }) => object);
    const model = eyes.model();
    const mesh = await kept.mesh(replaced(eyes.objects.all(), written), model.cluster);
    const found = [...text.diagnostics, ...mesh.diagnostics];
    const asked = askedMesh(mesh.clusters);
    if (asked.value === undefined) return nothing([...found, ...asked.diagnostics]);
    const question = { ...asked.value, caller, request: parsed.value, live: true };
    const { value, diagnostics } = simulate(question);
    if (value === undefined) return nothing([...found, ...diagnostics]);
    return ok({
      simulation: value,
      path: pathOf(model, mesh.clusters, value),
      diagnostics: found,
    } satisfies ExplainAnswer);
  },
});

const callersRoute = (eyes: Eyes): ApiRoute => ({
  method: 'GET',
  path: 'explain/callers',
  handle: () => {
    const names = (list: readonly { readonly namespace?: string; readonly name: string }[]) =>
      list.map(({ namespace, name }) => `${namespace}/${name}`).sort();
    const workloads = [...eyes.model().workloads.values()];
    return ok({
      workloads: names(workloads.filter(({ hasProxy, isGateway }) => hasProxy && !isGateway)),
      gateways: names(
        eyes.objects
          .list('Gateway')
          .map(({ metadata: { namespace = 'default', name } }) => ({ namespace, name })),
      ),
    } satisfies CallerList);
  },
});

/** `POST explain`, `GET explain/callers`. */
export const explainRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  explainRoute(eyes, new KeptClusters(eyes)),
  callersRoute(eyes),
];
