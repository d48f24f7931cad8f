import {
  builtinKinds,
  type DestinationRule,
  type Gateway,
  istioKinds,
  type ResourceKind,
  resolveHost,
} from '@lateen/api';
import type { KindSchema } from '../contract/schema.ts';
import type { Eyes } from '../eyes.ts';
import { findWatchedKind } from '../mesh/watched-kinds.ts';
import { ok, problem } from '../server/answer.ts';
import type { ApiRoute } from '../server/route-table.ts';

/** Labels offered for completion. */
const maxLabels = 200;

const labelsOf = (eyes: Eyes): readonly string[] => {
  const labels = new Set<string>();
  for (const { labels: own } of eyes.model().workloads.values()) {
    for (const [key, value] of Object.entries(own)) labels.add(`${key}=${value}`);
  }
  return [...labels].sort().slice(0, maxLabels);
};

const subsetsOf = (eyes: Eyes): Record<string, readonly string[]> => {
  const subsets: Record<string, readonly string[]> = {};
  for (const { metadata, spec } of eyes.objects.list<DestinationRule>('DestinationRule')) {
    const host = resolveHost(spec?.host ?? '', metadata.namespace ?? 'default');
    const names = (spec?.subsets ?? []).map(({ name }) => name);
    subsets[host] = [...new Set([...(subsets[host] ?? []), ...names])];
  }
  return subsets;
};

const valuesOf = (eyes: Eyes): KindSchema['values'] => {
  const model = eyes.model();
  const services = [...model.services.values()];
  return {
    hosts: [...new Set(services.flatMap(({ hosts }) => hosts))].sort(),
    subsets: subsetsOf(eyes),
    gateways: [
      'mesh',
      ...eyes.objects
        .list<Gateway>('Gateway')
        .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
        .sort(),
    ],
    namespaces: model.namespaces.map(({ name }) => name),
    labels: labelsOf(eyes),
  };
};

const apiVersionsOf = ({ group, versions }: ResourceKind): readonly string[] =>
  versions.map(({ name }) => (group === '' ? name : `${group}/${name}`));

/** `GET schema/{kind}`. */
export const schemaRoutes = (eyes: Eyes): readonly ApiRoute[] => [
  {
    method: 'GET',
    path: 'schema/{kind}',
    handle: ({ params }) => {
      const name = findWatchedKind(params['kind'] ?? '')?.resource.kind;
      const kind = [...istioKinds, ...builtinKinds].find((one) => one.kind === name);
      if (kind === undefined) return problem('not-found', `there is no kind "${params['kind']}"`);
      const apiVersions = apiVersionsOf(kind);
      return ok({
        kind: kind.kind,
        apiVersion: apiVersions[0] ?? '',
        apiVersions,
        schema: { ...kind.versions[0]?.schema },
        values: valuesOf(eyes),
      } satisfies KindSchema);
    },
  },
];
