import { type Caller, parseRequest, type Simulation, simulate } from '@lateen/simulation';
import { replaced } from '../config/findings.ts';
import { readManifestText } from '../config/manifest-text.ts';
import { translatorInputs } from '../config/mesh-inputs.ts';
import type { CallerList, ExplainAnswer, ExplainPath } from '../contract/explain.ts';
import { clusterParts } from '../envoy/cluster-parts.ts';
import type { Eyes } from '../eyes.ts';
import { servicePlace, workloadPlace } from '../graph/graph-place.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import type { MeshWorkload } from '../mesh/mesh-workload.ts';
import { ok } from '../server/answer.ts';
import { BodyReader } from '../server/body-reader.ts';
import type { ApiRoute } from '../server/route-table.ts';
import { refused } from './config-api.ts';

const placeId = (model: MeshModel, workload: MeshWorkload): string =>
  workloadPlace(
    {
      cluster: model.cluster,
      namespace: workload.namespace,
      workload: workload.name,
      app: workload.app,
      version: workload.version,
    },
    'versionedApp',
    workload.isGateway,
  ).id;

const workloadOfPod = (model: MeshModel, pod: string): MeshWorkload | undefined =>
  [...model.workloads.values()].find(({ pods }) =>
    pods.some(({ metadata }) => `${metadata.namespace}/${metadata.name}` === pod),
  );

/** Nodes of the workloads that a destination's endpoints are; the service where there are none. */
const targetsOf = (
  model: MeshModel,
  { cluster, percent, endpoints }: Simulation['destinations'][number],
): ExplainPath['targets'] => {
  const ids = new Map<string, number>();
  for (const { pod, weight } of endpoints) {
    const workload = workloadOfPod(model, pod);
    if (workload !== undefined) {
      const id = placeId(model, workload);
      ids.set(id, (ids.get(id) ?? 0) + Math.max(1, weight));
    }
  }
  const total = [...ids.values()].reduce((sum, weight) => sum + weight, 0);
  if (total > 0)
    return [...ids].map(([id, weight]) => ({ id, percent: (percent * weight) / total }));
  const service = model.servicesByHost.get(clusterParts(cluster).host);
  return service === undefined ? [] : [{ id: servicePlace(service, model.cluster).id, percent }];
};

const pathOf = (model: MeshModel, { proxy, destinations }: Simulation): ExplainPath | null => {
  const source = workloadOfPod(model, proxy);
  if (source === undefined) return null;
  return {
    source: placeId(model, source),
    targets: destinations.flatMap((destination) => targetsOf(model, destination)),
  };
};

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

const explainRoute = (eyes: Eyes): ApiRoute => ({
  method: 'POST',
  path: 'explain',
  isHeavy: true,
  handle: ({ body }) => {
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
    const inputs = translatorInputs(replaced(eyes.objects.all(), written));
    const { value, diagnostics } = simulate({
      ...{ inputs, caller, request: parsed.value },
      ...{ live: true, certificates: true },
    });
    if (value === undefined) return nothing([...text.diagnostics, ...diagnostics]);
    return ok({
      simulation: value,
      path: pathOf(eyes.model(), value),
      diagnostics: [...text.diagnostics, ...diagnostics],
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
  explainRoute(eyes),
  callersRoute(eyes),
];
