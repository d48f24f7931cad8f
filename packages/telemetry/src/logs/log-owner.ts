import type { Pod } from '@lateen/api';
import { accessLogFields } from './access-log-line.ts';
import type { ReceivedLog } from './received-log.ts';

/** Where a line comes from. */
export interface LogSource {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly isProxy: boolean;
}

/** Container of proxies. */
const proxyContainer = 'istio-proxy';

/** Pod and namespace of a proxy's node id: `sidecar~10.0.0.1~pod.namespace~namespace.svc.cluster.local`. */
const ofNode = (
  node: string | undefined,
): readonly [pod: string, namespace: string] | undefined => {
  const name = node?.split('~')[2] ?? '';
  const dot = name.lastIndexOf('.');
  return dot < 0 ? undefined : [name.slice(0, dot), name.slice(dot + 1)];
};

/** Whether a pod sent a record: by what its resource says, else by the address it came from. */
const isOf = ({ metadata, status }: Pod, { resource, from }: ReceivedLog): boolean => {
  const namespace = metadata.namespace ?? 'default';
  const node = ofNode(resource['node_name']);
  if (node !== undefined) return node[0] === metadata.name && node[1] === namespace;
  const pod = resource['k8s.pod.name'];
  if (pod !== undefined) {
    const of = resource['k8s.namespace.name'];
    return pod === metadata.name && (of === undefined || of === namespace);
  }
  return from !== '' && status?.podIP === from;
};

/** The fields of an access log's record, from its body or its attributes. */
export const accessOf = ({ text, attributes }: ReceivedLog): ReturnType<typeof accessLogFields> =>
  accessLogFields(text) ??
  ('response_code' in attributes ? accessLogFields(JSON.stringify(attributes)) : undefined);

/** Where a record belongs among the logs of these pods; undefined: to none of them. */
export const ownerOf = (log: ReceivedLog, pods: readonly Pod[]): LogSource | undefined => {
  const pod = pods.find((one) => isOf(one, log));
  if (pod === undefined) return undefined;
  const isProxy = 'node_name' in log.resource || accessOf(log) !== undefined;
  const app = pod.spec.containers.find(({ name }) => name !== proxyContainer);
  return {
    namespace: pod.metadata.namespace ?? 'default',
    pod: pod.metadata.name,
    container: isProxy ? proxyContainer : (log.resource['k8s.container.name'] ?? app?.name ?? ''),
    isProxy,
  };
};
