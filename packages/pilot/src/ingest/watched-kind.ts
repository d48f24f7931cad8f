import { type Resource, resources } from '@lateen/kube';
import { typeUrls } from '@lateen/xds';
import type { PushScope } from '../ads/proxy-stream.ts';

/** What the control plane reads of the API server. */
export interface WatchedKind {
  readonly resource: Resource;
  /** Which xDS types a change of it can change, for proxies it does not run beside. */
  readonly scope: PushScope;
  /**
   * The part of an object that matters. A change that leaves it alone (a heartbeat, a status, a
   * resourceVersion) causes no push.
   */
  readonly relevant: (object: Fields) => unknown;
  /** Cluster without this kind (its CRD is not installed): serve without it. */
  readonly isOptional: boolean;
}

/** An API object taken as untrusted data. */
export type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const wholeOf = ({ metadata, status: _status, ...rest }: Fields): unknown => {
  const { labels, annotations, creationTimestamp, deletionTimestamp } = fieldsOf(metadata);
  return [labels, annotations, creationTimestamp, deletionTimestamp, rest];
};

/** Health is a condition. */
const workloadEntryOf = (entry: Fields): unknown => [
  wholeOf(entry),
  fieldsOf(entry['status'])['conditions'],
];

const serviceOf = (service: Fields): unknown => [
  wholeOf(service),
  fieldsOf(service['status'])['loadBalancer'],
];

const podOf = ({ metadata, spec, status }: Fields): unknown => {
  const { labels, annotations, ownerReferences, deletionTimestamp } = fieldsOf(metadata);
  const { podIP, podIPs, phase } = fieldsOf(status);
  return [labels, annotations, ownerReferences, deletionTimestamp, podIP, podIPs, phase, spec];
};

const metadataOf = ({ metadata }: Fields): unknown => {
  const { labels, annotations } = fieldsOf(metadata);
  return [labels, annotations];
};

const nodeOf = (node: Fields): unknown => {
  const { podCIDR, podCIDRs } = fieldsOf(node['spec']);
  return [metadataOf(node), podCIDR, podCIDRs];
};

const builtin = (
  resource: Resource,
  scope: PushScope,
  relevant: WatchedKind['relevant'],
): WatchedKind => ({ resource, scope, relevant, isOptional: false });

const istioGroup =
  (group: string) =>
  (plural: string, kind: string, scope: PushScope): WatchedKind => ({
    resource: { group, version: 'v1', plural, kind, namespaced: true },
    scope,
    relevant: wholeOf,
    isOptional: true,
  });

const istio = istioGroup('networking.istio.io');
const security = istioGroup('security.istio.io');

const secretOf = ({ type, data }: Fields): unknown => [type, data];

const endpointsOnly: PushScope = new Set([typeUrls.endpoint]);

/** Hosts, matches and destinations: no cluster and no endpoint is made of them. */
const routing: PushScope = new Set([typeUrls.listener, typeUrls.route]);

/** Filters in front of workloads, and nothing else. */
const policies: PushScope = new Set([typeUrls.listener]);

const secretsOnly: PushScope = new Set([typeUrls.secret]);

/** Names of `watchedKinds`. */
export type WatchedKindName =
  | 'services'
  | 'endpointSlices'
  | 'pods'
  | 'namespaces'
  | 'nodes'
  | 'configMaps'
  | 'virtualServices'
  | 'destinationRules'
  | 'gateways'
  | 'serviceEntries'
  | 'sidecars'
  | 'workloadEntries'
  | 'peerAuthentications'
  | 'requestAuthentications'
  | 'authorizationPolicies'
  | 'telemetries'
  | 'secrets';

/** Everything that is watched; `configMaps` holds the mesh configuration. */
export const watchedKinds: Readonly<Record<WatchedKindName, WatchedKind>> = {
  services: builtin(resources.services, 'all', serviceOf),
  endpointSlices: builtin(resources.endpointSlices, endpointsOnly, wholeOf),
  pods: builtin(resources.pods, endpointsOnly, podOf),
  namespaces: builtin(resources.namespaces, 'all', metadataOf),
  nodes: builtin(resources.nodes, 'all', nodeOf),
  configMaps: builtin(resources.configMaps, 'all', ({ data }) => data),
  virtualServices: istio('virtualservices', 'VirtualService', routing),
  destinationRules: istio('destinationrules', 'DestinationRule', 'all'),
  gateways: istio('gateways', 'Gateway', 'all'),
  serviceEntries: istio('serviceentries', 'ServiceEntry', 'all'),
  sidecars: istio('sidecars', 'Sidecar', 'all'),
  workloadEntries: {
    ...istio('workloadentries', 'WorkloadEntry', 'all'),
    relevant: workloadEntryOf,
  },
  peerAuthentications: security('peerauthentications', 'PeerAuthentication', 'all'),
  requestAuthentications: security('requestauthentications', 'RequestAuthentication', policies),
  authorizationPolicies: security('authorizationpolicies', 'AuthorizationPolicy', policies),
  telemetries: istioGroup('telemetry.istio.io')('telemetries', 'Telemetry', policies),
  secrets: builtin(resources.secrets, secretsOnly, secretOf),
};

/** Whether what matters of an object differs. */
export const isRelevantChange = (
  kind: WatchedKind,
  before: Fields | undefined,
  after: Fields | undefined,
): boolean =>
  before === undefined ||
  after === undefined ||
  JSON.stringify(kind.relevant(before)) !== JSON.stringify(kind.relevant(after));
