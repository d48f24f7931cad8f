import type { GraphNode, Series } from '@lateen/telemetry/contract';

/** Labels of Istio's metrics that pick traffic out, each `name=value`. */
export type SeriesMatch = readonly string[];

/** Where a workload runs: another cluster may have one of the same name. */
const placeOf = ({ cluster, namespace }: GraphNode, end: 'source' | 'destination'): SeriesMatch => [
  `${end}_workload_namespace=${namespace}`,
  ...(cluster === '' ? [] : [`${end}_cluster=${cluster}`]),
];

/** Picks a node out at an end of its traffic. */
export const matchOf = (node: GraphNode, end: 'source' | 'destination'): SeriesMatch => {
  if (node.workload !== undefined)
    return [`${end}_workload=${node.workload}`, ...placeOf(node, end)];
  if (node.kind === 'app') return [`${end}_app=${node.app ?? node.name}`, ...placeOf(node, end)];
  if (end === 'source') return [`source_workload=${node.name}`];
  return [
    `destination_service_name=${node.service ?? node.name}`,
    ...(node.namespace === '' ? [] : [`destination_service_namespace=${node.namespace}`]),
    // Nobody knows the cluster of one that did not answer.
    ...(node.kind !== 'service' ? [] : [`destination_cluster=~${node.cluster}|unknown`]),
  ];
};

/**
 * What tells of a node: what it is sent, or of what nothing calls what it sends. Proxies of the callers say so where the
 * node has none, or where nothing ever arrived.
 */
export const nodeMatch = (node: GraphNode, isWholeService: boolean): SeriesMatch => {
  const { traffic, flags, kind } = node;
  if (traffic.inRequestsPerSecond === 0 && traffic.outRequestsPerSecond > 0)
    return ['reporter=source', ...matchOf(node, 'source')];
  if (kind === 'service' && !isWholeService)
    return ['reporter=source', 'destination_workload=unknown', ...matchOf(node, 'destination')];
  const hasProxy = kind === 'workload' || kind === 'app' || kind === 'gateway';
  const isSilent = flags.isDead || flags.isMissingProxy || flags.isServiceEntry;
  const reporter = hasProxy && !isSilent ? 'destination' : 'source';
  return [`reporter=${reporter}`, ...matchOf(node, 'destination')];
};

/** A part that was never seen is zero wherever the whole was measured. */
export const zeroWhereMissing = (part: Series, whole: Series): Series =>
  part.values.length > 0
    ? part
    : { ...whole, values: whole.values.map((value) => (value === null ? null : 0)) };
