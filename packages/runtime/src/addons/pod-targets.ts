import type { Container, ContainerPort, Pod } from '@lateen/api';

/** A group of `file_sd_configs`: labels of Prometheus' discovery, before relabeling. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const labelName = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_');

/** Each label or annotation, and that it is there. */
const mapLabels = (
  kind: 'label' | 'annotation',
  values: Readonly<Record<string, string>> = {},
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => [
      [`__meta_kubernetes_pod_${kind}_${labelName(name)}`, value],
      [`__meta_kubernetes_pod_${kind}present_${labelName(name)}`, 'true'],
    ]),
  );

const podLabels = ({ metadata, spec, status = {} }: Pod): Record<string, string> => {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'unknown';
  const known: Readonly<Record<string, string | undefined>> = {
    namespace: metadata.namespace ?? 'default',
    pod_name: metadata.name,
    pod_uid: metadata.uid,
    pod_ip: status.podIP,
    pod_host_ip: status.hostIP,
    pod_node_name: spec.nodeName,
    pod_phase: status.phase,
    pod_ready: ready.toLowerCase(),
    pod_controller_kind: owner?.kind,
    pod_controller_name: owner?.name,
  };
  return {
    ...Object.fromEntries(
      Object.entries(known).map(([name, value]) => [`__meta_kubernetes_${name}`, value ?? '']),
    ),
    ...mapLabels('label', metadata.labels),
    ...mapLabels('annotation', metadata.annotations),
  };
};

const containerLabels = (
  { name, image = '' }: Container,
  isInit: boolean,
): Record<string, string> => ({
  __meta_kubernetes_pod_container_name: name,
  __meta_kubernetes_pod_container_image: image,
  __meta_kubernetes_pod_container_init: String(isInit),
});

const portLabels = ({ name = '', containerPort, protocol = 'TCP' }: ContainerPort) => ({
  __meta_kubernetes_pod_container_port_name: name,
  __meta_kubernetes_pod_container_port_number: String(containerPort),
  __meta_kubernetes_pod_container_port_protocol: protocol,
});

const groupsOf = (pod: Pod): readonly TargetGroup[] => {
  const { podIP = '', phase } = pod.status ?? {};
  // The address of a pod that has ended may be another's by now.
  if (podIP === '' || phase === 'Succeeded' || phase === 'Failed') return [];
  const common = podLabels(pod);
  const { containers, initContainers = [] } = pod.spec;
  const groups = (container: Container, isInit: boolean): readonly TargetGroup[] => {
    const labels = { ...common, ...containerLabels(container, isInit) };
    const { ports = [] } = container;
    if (ports.length === 0) return [{ targets: [podIP], labels }];
    return ports.map((port) => ({
      targets: [`${podIP}:${port.containerPort}`],
      labels: { ...labels, ...portLabels(port) },
    }));
  };
  return [
    ...containers.flatMap((container) => groups(container, false)),
    ...initContainers.flatMap((container) => groups(container, true)),
  ];
};

/** More than this would not fit one machine. */
const maxPods = 10_000;

/**
 * What Prometheus' `kubernetes_sd_configs` with `role: pod` says of these pods, in the same words: a target for each port
 * of a container, or the pod's address alone for a container without ports. `namespaces` undefined: of all.
 */
export const podTargets = (
  pods: readonly Pod[],
  namespaces: readonly string[] | undefined,
): readonly TargetGroup[] =>
  pods
    .filter(({ metadata }) => namespaces?.includes(metadata.namespace ?? 'default') !== false)
    .slice(0, maxPods)
    .flatMap(groupsOf);
