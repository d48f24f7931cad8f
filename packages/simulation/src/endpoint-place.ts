import type { EndpointEntry } from '@lateen/routing';
import { findEntrance } from './entrance.ts';
import { fieldOf } from './field-access.ts';
import { networkOfPod, podWithAddress } from './mesh-registry.ts';
import { type MeshView, type MeshViews, podsSeenBy, viewNamed } from './mesh-views.ts';

/** Whose an address is. */
export interface EndpointPlace {
  /** '' when nobody knows the address. */
  readonly clusterId: string;
  /** `namespace/pod`; '' for gateways of other networks, and for addresses nobody knows. */
  readonly pod: string;
  /** Of the pod, or that a gateway leads into; '': reachable from everywhere. */
  readonly network: string;
  /** It passes the mesh's TLS on to the workloads of another cluster. */
  readonly isGateway: boolean;
}

/** Knows whose addresses are, as seen by one proxy. */
export interface EndpointPlaces {
  /** Of an address without a word about it. */
  ofAddress(host: string): EndpointPlace;
  ofEntry(entry: EndpointEntry): EndpointPlace;
}

const nowhere: EndpointPlace = { clusterId: '', pod: '', network: '', isGateway: false };

/** Istio's word about an endpoint, `workload;namespace;service;revision;cluster`. */
const clusterNamed = ({ metadata }: EndpointEntry): string | undefined => {
  const text = fieldOf(metadata['istio'], 'workload');
  return typeof text === 'string' ? text.split(';')[4] : undefined;
};

/** Places as a proxy of `network` sees them, which the control plane of `view` configures. */
export const endpointPlaces = (
  view: MeshView,
  views: MeshViews,
  network: string,
): EndpointPlaces => {
  const podIn = (clusterId: string, host: string): EndpointPlace | undefined => {
    const pod = podWithAddress(podsSeenBy(view, views, clusterId), host);
    if (pod === undefined) return undefined;
    const { namespace = 'default', name } = pod.metadata;
    const holder = viewNamed(views, clusterId) ?? view;
    const own = networkOfPod(holder.inputs, clusterId, pod);
    return { clusterId, pod: `${namespace}/${name}`, network: own, isGateway: false };
  };
  const gatewayAt = (host: string, port: number): EndpointPlace | undefined => {
    if (network === '') return undefined;
    for (const [leadsTo, gateways] of view.push.networkGateways) {
      const found = gateways.find((one) => one.address === host && one.port === port);
      if (found === undefined || leadsTo === network) continue;
      return { clusterId: found.clusterId, pod: '', network: leadsTo, isGateway: true };
    }
    return undefined;
  };
  /** Addresses that people wrote, as in the ServiceEntries of replicated control planes. */
  const entranceAt = (host: string, port: number): EndpointPlace | undefined => {
    for (const other of [views.own, ...views.others]) {
      if (other.clusterId === view.clusterId) continue;
      const found = findEntrance(other, host, port);
      if (found === undefined) continue;
      return { clusterId: other.clusterId, pod: '', network: found.network, isGateway: true };
    }
    return undefined;
  };
  return {
    ofAddress: (host) => podIn(view.clusterId, host) ?? nowhere,
    ofEntry: (entry) => {
      const { address } = entry;
      if (address.kind !== 'socket') return nowhere;
      const { host, port } = address;
      const named = clusterNamed(entry);
      return (
        (named !== undefined ? podIn(named, host) : gatewayAt(host, port)) ??
        podIn(view.clusterId, host) ??
        entranceAt(host, port) ??
        (named === undefined ? nowhere : { ...nowhere, clusterId: named })
      );
    },
  };
};
