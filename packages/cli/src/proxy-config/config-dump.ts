import {
  asRecord,
  field,
  has,
  type JsonRecord,
  message,
  messages,
  text,
} from '@lateen/xds/json-record';

/** Sections of `envoy.admin.v3.ConfigDump`. */
export type DumpSection =
  | 'BootstrapConfigDump'
  | 'ClustersConfigDump'
  | 'EndpointsConfigDump'
  | 'ListenersConfigDump'
  | 'RoutesConfigDump'
  | 'SecretsConfigDump';

/** A section of a dump; undefined when the proxy sent none. */
export const dumpSection = (dump: JsonRecord, section: DumpSection): JsonRecord | undefined =>
  messages(dump, 'configs').find((one) => text(one, '@type').endsWith(`.${section}`));

/** `resource` of every entry of a list. */
const resources = (
  section: JsonRecord,
  list: string,
  resource: readonly string[],
): readonly JsonRecord[] =>
  messages(section, list)
    .map((entry) => message(entry, ...resource))
    .filter((one) => Object.keys(one).length > 0);

/** What of a dump is in force, in istioctl's order: dynamic before static. */
export const clustersOf = (section: JsonRecord): readonly JsonRecord[] => [
  ...resources(section, 'dynamic_active_clusters', ['cluster']),
  ...resources(section, 'static_clusters', ['cluster']),
];

/** Listeners of a `ListenersConfigDump`. */
export const listenersOf = (section: JsonRecord): readonly JsonRecord[] => [
  ...resources(section, 'dynamic_listeners', ['active_state', 'listener']),
  ...resources(section, 'static_listeners', ['listener']),
];

/** Route configurations of a `RoutesConfigDump`. */
export const routesOf = (section: JsonRecord): readonly JsonRecord[] => [
  ...resources(section, 'dynamic_route_configs', ['route_config']),
  ...resources(section, 'static_route_configs', ['route_config']),
];

/** Load assignments of an `EndpointsConfigDump`. */
export const assignmentsOf = (section: JsonRecord): readonly JsonRecord[] => [
  ...resources(section, 'dynamic_endpoint_configs', ['endpoint_config']),
  ...resources(section, 'static_endpoint_configs', ['endpoint_config']),
];

/** A secret with the state it is in. */
export interface DumpedSecret {
  readonly name: string;
  readonly state: 'ACTIVE' | 'WARMING';
  readonly secret: JsonRecord;
}

/** Secrets of a `SecretsConfigDump`. */
export const secretsOf = (section: JsonRecord): readonly DumpedSecret[] =>
  (
    [
      ['dynamic_warming_secrets', 'WARMING'],
      ['dynamic_active_secrets', 'ACTIVE'],
      ['static_secrets', 'ACTIVE'],
    ] as const
  ).flatMap(([list, state]) =>
    messages(section, list).map((entry) => ({
      name: text(entry, 'name'),
      state,
      secret: message(entry, 'secret'),
    })),
  );

/** `reviews.default` of `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`. */
const configName = (path: string): string => {
  const pieces = path.split('/');
  return pieces.length === 8 && pieces[4] === 'namespaces'
    ? `${pieces[7]}.${pieces[5]}`
    : '<unknown>';
};

/** The object of Istio's that made a cluster or a route; '' when none did. */
export const managedBy = (resource: JsonRecord): string => {
  // Keys of filter metadata are names, never written in another case.
  const filters = message(resource, 'metadata', 'filter_metadata');
  const istio = asRecord(filters['istio']);
  return has(istio, 'config') ? configName(text(istio, 'config')) : '';
};

/** One of the messages of a oneof, by the field that is set. */
export const typedConfig = (holder: JsonRecord): JsonRecord =>
  asRecord(field(holder, 'typed_config'));
