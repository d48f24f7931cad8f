import type { GraphNode, GraphView } from '../contract/graph.ts';
import type { MeshModel } from '../mesh/mesh-model.ts';
import type { MeshService } from '../mesh/mesh-service.ts';
import type { CallEnd, CalledService } from './call.ts';

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
  return {
    ...{ id: `svc:${cluster}/${namespace}/${name}`, kind: 'service', cluster, namespace, name },
    service: name,
  };
};

/** Places of calls in one view. */
export class GraphPlaces {
  readonly #model: MeshModel;
  readonly #view: GraphView;

  constructor(model: MeshModel, view: GraphView) {
    this.#model = model;
    this.#view = view;
  }

  /** The service of a call as an object of the mesh. */
  serviceOf({ host, name, namespace }: CalledService): MeshService | undefined {
    const byHost = this.#model.servicesByHost.get(host.replace(/:\d+$/, ''));
    if (byHost !== undefined || namespace === unknown) return byHost;
    return this.#model.services.get(`${namespace}/${name}`);
  }

  /** Node of the service itself. */
  service(called: CalledService): GraphPlace {
    const known = this.serviceOf(called);
    const { cluster } = this.#model;
    if (known !== undefined) return servicePlace(known, cluster);
    const { name, namespace, host } = called;
    if (specialServices.has(name)) return external(name, '');
    if (namespace === unknown) return name === unknown ? unknownPlace : external(host, '');
    // Not there any more, or seen by a proxy of another cluster.
    return {
      ...{ id: `svc:${cluster}/${namespace}/${name}`, kind: 'service', cluster, namespace, name },
      service: name,
    };
  }

  /** Who calls. */
  source(end: CallEnd): GraphPlace {
    if (end.workload === unknown) return unknownPlace;
    const isGateway = this.#isGateway(end);
    if (this.#view !== 'service' || isGateway) return workloadPlace(end, this.#view, isGateway);
    const [service] = this.#model.servicesOfWorkload.get(`${end.namespace}/${end.workload}`) ?? [];
    return service === undefined
      ? workloadPlace(end, 'app', false)
      : servicePlace(service, this.#model.cluster);
  }

  /** Who answers: a workload, or the service where nobody did. */
  target(end: CallEnd, called: CalledService): GraphPlace {
    if (end.workload === unknown) return this.service(called);
    const isGateway = this.#isGateway(end);
    if (isGateway) return workloadPlace(end, this.#view, true);
    if (this.#view === 'service') {
      const place = this.service(called);
      return place.kind === 'unknown' ? workloadPlace(end, 'app', false) : place;
    }
    return workloadPlace(end, this.#view, false);
  }

  #isGateway({ namespace, workload }: CallEnd): boolean {
    return this.#model.workloads.get(`${namespace}/${workload}`)?.isGateway === true;
  }
}
