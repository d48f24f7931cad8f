import type { GraphNode, GraphView } from '../contract/graph.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import type { MeshService } from '../mesh/mesh-service.ts';
import type { CallEnd, CalledService } from './call.ts';
import { type ClusterNodes, isElsewhere } from './cluster-nodes.ts';

/** A node by its names, before anything is known of its traffic. */
export type GraphPlace = Omit<GraphNode, 'health' | 'flags' | 'traffic'>;

const unknown = 'unknown';

/** Istio's clusters for what is in no registry. */
const specialServices: ReadonlySet<string> = new Set(['PassthroughCluster', 'BlackHoleCluster']);

const unknownPlace: GraphPlace = {
  ...{ id: unknown, kind: 'unknown', cluster: '', namespace: '', name: unknown },
};

const external = (name: string, namespace: string): GraphPlace => ({
  ...{ id: `ext:${name}`, kind: 'external', cluster: '', namespace, name, service: name },
});

const plainService = (cluster: string, namespace: string, name: string): GraphPlace => ({
  ...{ id: `svc:${cluster}/${namespace}/${name}`, kind: 'service', cluster, namespace, name },
  service: name,
});

/** Node of a workload in a view. */
export const workloadPlace = (end: CallEnd, view: GraphView, isGateway: boolean): GraphPlace => {
  const { cluster, namespace, workload, app, version } = end;
  const place = `${cluster}/${namespace}`;
  const base = { cluster, namespace, app, version, workload } as const;
  if (isGateway) {
    return { ...base, id: `wl:${place}/${workload}`, kind: 'gateway', name: workload };
  }
  if (view === 'workload' || app === unknown) {
    return { ...base, id: `wl:${place}/${workload}`, kind: 'workload', name: workload };
  }
  const appId = `app:${place}/${app}`;
  if (view === 'versionedApp') {
    return { ...base, id: `${appId}@${version}`, kind: 'workload', name: app, boxId: appId };
  }
  return { id: appId, kind: 'app', cluster, namespace, name: app, app };
};

/** Node of a Service, or of a host outside. */
export const servicePlace = (service: MeshService, cluster: string): GraphPlace => {
  const { kind, namespace, name, hosts } = service;
  if (kind === 'ServiceEntry') return external(hosts[0] ?? name, namespace);
  return plainService(cluster, namespace, name);
};

/** Places of calls in one view. */
export class GraphPlaces {
  readonly #model: MeshModel;
  readonly #view: GraphView;
  readonly #others: ReadonlyMap<string, ClusterNodes>;

  /** `others`: what other clusters that answer say of their nodes. Default none. */
  constructor(
    model: MeshModel,
    view: GraphView,
    others: ReadonlyMap<string, ClusterNodes> = new Map(),
  ) {
    this.#model = model;
    this.#view = view;
    this.#others = others;
  }

  /** The service of a call as an object of the mesh. */
  serviceOf({ host, name, namespace }: CalledService): MeshService | undefined {
    const byHost = this.#model.servicesByHost.get(host.replace(/:\d+$/, ''));
    if (byHost !== undefined || namespace === unknown) return byHost;
    return this.#model.services.get(`${namespace}/${name}`);
  }

  /** Node of the service itself, in the cluster that answers, as Kiali has it. */
  service(called: CalledService, answering?: CallEnd): GraphPlace {
    const known = this.serviceOf(called);
    const { cluster } =
      answering !== undefined && isElsewhere(answering.cluster, this.#model)
        ? answering
        : this.#model;
    if (known !== undefined) return servicePlace(known, cluster);
    const { name, namespace, host } = called;
    if (specialServices.has(name)) return external(name, '');
    if (namespace === unknown) return name === unknown ? unknownPlace : external(host, '');
    // Not there any more, or seen by a proxy of another cluster.
    return plainService(cluster, namespace, name);
  }

  /** Who calls. */
  source(end: CallEnd): GraphPlace {
    if (end.workload === unknown) return unknownPlace;
    const isGateway = this.#isGateway(end);
    if (this.#view !== 'service' || isGateway) return workloadPlace(end, this.#view, isGateway);
    return this.#serviceOfWorkload(end) ?? workloadPlace(end, 'app', false);
  }

  /** Who answers: a workload, or the service where nobody did. */
  target(end: CallEnd, called: CalledService): GraphPlace {
    if (end.workload === unknown) return this.service(called);
    const isGateway = this.#isGateway(end);
    if (isGateway) return workloadPlace(end, this.#view, true);
    if (this.#isOutside(end, called)) return this.service(called);
    if (this.#view === 'service') {
      const place = this.service(called, end);
      return place.kind === 'unknown' ? workloadPlace(end, 'app', false) : place;
    }
    return workloadPlace(end, this.#view, false);
  }

  /** Endpoints that a ServiceEntry lists carry its name as their workload's; there is no such workload. */
  #isOutside({ cluster, namespace, workload }: CallEnd, called: CalledService): boolean {
    if (isElsewhere(cluster, this.#model)) return false;
    if (this.#model.workloads.has(`${namespace}/${workload}`)) return false;
    return this.serviceOf(called)?.kind === 'ServiceEntry';
  }

  #serviceOfWorkload({ cluster, namespace, workload }: CallEnd): GraphPlace | undefined {
    const key = `${namespace}/${workload}`;
    if (isElsewhere(cluster, this.#model)) {
      const [of = '', name] = this.#others.get(cluster)?.services[key]?.split('/') ?? [];
      return name === undefined ? undefined : plainService(cluster, of, name);
    }
    const [service] = this.#model.servicesOfWorkload.get(key) ?? [];
    return service && servicePlace(service, this.#model.cluster);
  }

  #isGateway({ cluster, namespace, workload }: CallEnd): boolean {
    const key = `${namespace}/${workload}`;
    const other = isElsewhere(cluster, this.#model) ? this.#others.get(cluster) : undefined;
    // Gateways of a cluster that does not answer are taken for such by their names: they are the same in all.
    if (other !== undefined) return other.gateways.includes(key);
    return this.#model.workloads.get(key)?.isGateway === true;
  }
}
