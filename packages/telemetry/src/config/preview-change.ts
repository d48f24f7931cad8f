import type { DescMessage, MessageShape, Registry } from '@bufbuild/protobuf';
import { messageToJson, type Resource, toCanonicalBinary } from '@lateen/xds';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import {
  type VirtualHost,
  VirtualHostSchema,
} from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { RouteConfiguration } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { messages } from '@lateen/xds/json-record';
import type { PreviewChange, RouteView } from '../contract/config.ts';
import { routeView } from '../envoy/route-view.ts';
import { fieldChanges } from './field-changes.ts';
import type { ProxyView } from './proxy-view.ts';

/** A change without the proxies it is at. */
export type ChangeBody = Omit<PreviewChange, 'proxies' | 'proxyCount'>;

/** One difference at one proxy; `key` is the same for the same difference at another. */
export interface FoundChange {
  readonly key: string;
  /** Described only once for all proxies. */
  readonly describe: () => ChangeBody;
}

const changeOf = (before: unknown, after: unknown): PreviewChange['change'] => {
  if (before === undefined) return 'added';
  return after === undefined ? 'removed' : 'changed';
};

const viewsOf = (host: VirtualHost | undefined, registry: Registry): readonly RouteView[] =>
  host === undefined
    ? []
    : messages(messageToJson(VirtualHostSchema, host, registry), 'routes').map(routeView);

const hashOf = (host: VirtualHost | undefined): string =>
  host === undefined
    ? ''
    : Buffer.from(toCanonicalBinary(VirtualHostSchema, host)).toString('base64');

type Hosts = ReadonlyMap<string, VirtualHost>;

const hostsOf = (resource: Resource | undefined): Hosts =>
  new Map(
    ((resource?.message as RouteConfiguration | undefined)?.virtualHosts ?? []).map((host) => [
      host.name,
      host,
    ]),
  );

/** Virtual hosts that differ; the rest of a route configuration has no say in where requests go. */
const routeChanges = (
  name: string,
  [before, after]: readonly [Resource | undefined, Resource | undefined],
  registry: Registry,
): readonly FoundChange[] => {
  const [left, right] = [hostsOf(before), hostsOf(after)];
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((host) => {
    const [one, other] = [left.get(host), right.get(host)];
    const [hash, otherHash] = [hashOf(one), hashOf(other)];
    if (hash === otherHash) return [];
    return [
      {
        key: `route ${name} ${host} ${hash} ${otherHash}`,
        describe: () => ({
          resource: 'route',
          change: changeOf(one, other),
          name: host,
          before: viewsOf(one, registry),
          after: viewsOf(other, registry),
          fields: [],
        }),
      },
    ];
  });
};

const jsonOf = <Desc extends DescMessage>(
  schema: Desc,
  resource: Resource | undefined,
  registry: Registry,
): unknown =>
  resource && messageToJson(schema, resource.message as unknown as MessageShape<Desc>, registry);

const resourceChange = (
  kind: 'cluster' | 'listener',
  [before, after]: readonly [Resource | undefined, Resource | undefined],
  registry: Registry,
): FoundChange => {
  const schema = kind === 'cluster' ? ClusterSchema : ListenerSchema;
  const name = (after ?? before)?.name ?? '';
  return {
    key: `${kind} ${name} ${before?.version ?? ''} ${after?.version ?? ''}`,
    describe: () => ({
      ...{ resource: kind, change: changeOf(before, after), name, before: [], after: [] },
      // What comes or goes as a whole needs no list of fields.
      fields:
        before === undefined || after === undefined
          ? []
          : fieldChanges(jsonOf(schema, before, registry), jsonOf(schema, after, registry)),
    }),
  };
};

type Resources = ReadonlyMap<string, Resource>;

const differing = (
  before: Resources,
  after: Resources,
): readonly (readonly [string, readonly [Resource | undefined, Resource | undefined]])[] =>
  [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const pair = [before.get(name), after.get(name)] as const;
    return pair[0]?.version === pair[1]?.version ? [] : [[name, pair] as const];
  });

/** Everything one proxy would get differently. */
export const proxyChanges = (
  before: ProxyView,
  after: ProxyView,
  registry: Registry,
): readonly FoundChange[] => [
  ...differing(before.routes, after.routes).flatMap(([name, pair]) =>
    routeChanges(name, pair, registry),
  ),
  ...differing(before.clusters, after.clusters).map(([, pair]) =>
    resourceChange('cluster', pair, registry),
  ),
  ...differing(before.listeners, after.listeners).map(([, pair]) =>
    resourceChange('listener', pair, registry),
  ),
];
