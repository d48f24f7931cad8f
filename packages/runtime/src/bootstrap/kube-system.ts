import { arch, cpus, release, totalmem } from 'node:os';
import type { KubeObject, Node } from '@lateen/api';
import type { Destination } from '../network/tcp-relay.ts';

/** Version of the Kubernetes API that we answer like. */
const kubeletVersion = 'v1.32.0';
/** The one node there is. */
export const nodeName = 'lateen';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Says which network a cluster is on, and by which Service it is entered. */
export const networkLabel = 'topology.istio.io/network';

/** Says in which cluster the control plane is (Istio's). */
export const controllerAnnotation = 'topology.istio.io/controlPlaneClusters';

/**
 * Namespaces every Kubernetes cluster starts with, and Istio's, which says on which network the cluster is
 * when there are several, and in which one its control plane is when that is another.
 */
export const namespacesOf = (networkId?: string, controller?: string): readonly KubeObject[] =>
  ['default', 'kube-system', 'kube-public', 'kube-node-lease', 'istio-system'].map((name) => {
    const isRoot = name === 'istio-system';
    const metadata = {
      name,
      labels: {
        'kubernetes.io/metadata.name': name,
        ...(isRoot && networkId !== undefined && { [networkLabel]: networkId }),
      },
      ...(isRoot &&
        controller !== undefined && { annotations: { [controllerAnnotation]: controller } }),
    };
    return { apiVersion: 'v1', kind: 'Namespace', metadata };
  });

/** Labels of the node, which `nodeSelector` of pods may ask for. */
export const nodeLabels: Readonly<Record<string, string>> = {
  'kubernetes.io/hostname': nodeName,
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': architectures[arch()] ?? arch(),
  'node-role.kubernetes.io/control-plane': '',
};

/** Half of a cluster's range; a little of it is for the node itself and for load balancers. */
const podRangeOf = (nodeAddress: string): string =>
  `${nodeAddress.split('.').slice(0, 2).join('.')}.0.0/17`;

/** This machine as a node that is ready; `region` tells the clusters of a mesh apart. */
export const node = (address: string, now: string, region?: string): Node => {
  const podCIDR = podRangeOf(address);
  const resources = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: '1000',
  };
  const condition = (type: string, status: 'True' | 'False', reason: string) => ({
    type,
    status,
    reason,
    message: `kubelet has ${reason}`,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: {
        ...nodeLabels,
        ...(region !== undefined && { 'topology.kubernetes.io/region': region }),
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: {
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: nodeName },
      ],
      capacity: resources,
      allocatable: resources,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
        condition('Ready', 'True', 'KubeletReady'),
      ],
      nodeInfo: {
        machineID: nodeName,
        systemUUID: nodeName,
        bootID: nodeName,
        kernelVersion: release(),
        osImage: `Lateen on Node ${process.versions.node}`,
        containerRuntimeVersion: `lateen://${process.versions.node}`,
        kubeletVersion,
        kubeProxyVersion: kubeletVersion,
        operatingSystem: 'linux',
        architecture: architectures[arch()] ?? arch(),
      },
    },
  };
};

/** The service `kubernetes` and its endpoint, the API server. */
export const kubernetesService = (
  clusterIP: string,
  apiServer: Destination,
): readonly KubeObject[] => {
  const metadata = { name: 'kubernetes', namespace: 'default' };
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  const port = { name: 'https', port: apiServer.port, protocol: 'TCP' as const };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, labels },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiServer.port }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses: [{ ip: apiServer.host }], ports: [port] }],
    } as KubeObject,
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      addressType: 'IPv4',
      metadata: {
        ...metadata,
        labels: {
          'kubernetes.io/service-name': 'kubernetes',
          'endpointslice.kubernetes.io/managed-by': 'lateen',
        },
      },
      ports: [port],
      endpoints: [{ addresses: [apiServer.host], conditions: { ready: true } }],
    } as KubeObject,
  ];
};
