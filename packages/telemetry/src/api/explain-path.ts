import type { KubeObject, Pod } from '@lateen/api';
import type { ClusterObjects, SimulatedEndpoint, Simulation } from '@lateen/simulation';
import type { ExplainPath } from '../contract/explain.ts';
import { clusterParts } from '../envoy/cluster-parts.ts';
import { servicePlace, workloadPlace } from '../graph/graph-place.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import { controllerOf, type MeshWorkload, meshWorkloads } from '../mesh/mesh-workload.ts';

type Destination = Simulation['destinations'][number];

/** Finds the node of a pod. */
interface PodPlaces {
  idOf(pod: string, clusterId: string | undefined): string | undefined;
}

const placeId = (cluster: string, workload: MeshWorkload): string => {
  const { namespace, name, app, version, isGateway } = workload;
  const end = { cluster, namespace, workload: name, app, version };
  return workloadPlace(end, 'versionedApp', isGateway).id;
};

const isPod = (object: KubeObject): object is Pod => object.kind === 'Pod';

const podPlaces = (model: MeshModel, clusters: readonly ClusterObjects[]): PodPlaces => {
  const [own] = clusters;
  const idAmong = (
    cluster: string,
    workloads: Iterable<MeshWorkload>,
    pod: string,
  ): string | undefined => {
    for (const workload of workloads) {
      const isIn = workload.pods.some(
        ({ metadata: { namespace, name } }) => `${namespace}/${name}` === pod,
      );
      if (isIn) return placeId(cluster, workload);
    }
    return undefined;
  };
  return {
    idOf: (pod, clusterId) => {
      if (clusterId === undefined || clusterId === own?.clusterId) {
        return idAmong(model.cluster, model.workloads.values(), pod);
      }
      const other = clusters.find((one) => one.clusterId === clusterId);
      const pods = other?.objects.filter(isPod) ?? [];
      const found = pods.find(
        ({ metadata: { namespace, name } }) => `${namespace}/${name}` === pod,
      );
      if (found === undefined) return undefined;
      const same = pods.filter(
        (one) =>
          one.metadata.namespace === found.metadata.namespace &&
          controllerOf(one).name === controllerOf(found).name,
      );
      return idAmong(clusterId, meshWorkloads(same, []).values(), pod);
    },
  };
};

/** Endpoints that answer, with the share of a gateway's weight for those behind it. */
const leaves = ({ endpoints, gateways }: Destination): readonly SimulatedEndpoint[] =>
  endpoints.flatMap((endpoint) => {
    if (endpoint.isGateway !== true) return [endpoint];
    const behind = gateways.find(({ address }) => address === endpoint.address)?.endpoints ?? [];
    return behind.map((one) => ({ ...one, weight: endpoint.weight / behind.length }));
  });

/** Nodes of the workloads that a destination's endpoints are; the service where there are none. */
const targetsOf = (
  model: MeshModel,
  places: PodPlaces,
  destination: Destination,
): readonly { readonly target: string; readonly percent: number }[] => {
  const { cluster, percent } = destination;
  const ids = new Map<string, number>();
  for (const { pod, clusterId, weight } of leaves(destination)) {
    const id = places.idOf(pod, clusterId);
    if (id !== undefined) ids.set(id, (ids.get(id) ?? 0) + (weight > 0 ? weight : 1));
  }
  const total = [...ids.values()].reduce((sum, weight) => sum + weight, 0);
  if (total > 0)
    return [...ids].map(([target, weight]) => ({ target, percent: (percent * weight) / total }));
  const service = model.servicesByHost.get(clusterParts(cluster).host);
  return service === undefined
    ? []
    : [{ target: servicePlace(service, model.cluster).id, percent }];
};

/** Where on the graph a request goes; null: its caller is not on it. */
export const pathOf = (
  model: MeshModel,
  clusters: readonly ClusterObjects[],
  simulation: Simulation,
): ExplainPath | null => {
  const places = podPlaces(model, clusters);
  const waysFrom = (
    source: string,
    { destinations }: Simulation,
    share: number,
  ): ExplainPath['ways'] =>
    destinations.flatMap((destination) => {
      const ways = targetsOf(model, places, destination).map(({ target, percent }) => ({
        ...{ source, target },
        percent: percent * share,
      }));
      const onward = destination.relays.flatMap((relay) => {
        const id = places.idOf(relay.proxy, relay.clusterId);
        const way = ways.find(({ target }) => target === id);
        return way === undefined ? [] : waysFrom(way.target, relay, way.percent / 100);
      });
      return [...ways, ...onward];
    });
  const source = places.idOf(simulation.proxy, undefined);
  return source === undefined ? null : { source, ways: waysFrom(source, simulation, 1) };
};
