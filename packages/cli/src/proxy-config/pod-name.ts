import { type Deployment, matchesSelector, type Pod, type Service } from '@lateen/api';
import {
  createKubeClient,
  isKubeError,
  type KubeClient,
  type KubeConnection,
  resources,
} from '@lateen/kube';
import type { PodRef } from './pod-admin.ts';
import { ProxyConfigError } from './proxy-config-error.ts';

/** `[type/]name[.namespace]`. */
interface ParsedName {
  readonly type: string;
  readonly name: string;
  readonly namespace: string;
}

/** Only the last dot divides: names of pods have none, namespaces neither. */
const parse = (text: string, namespace: string): ParsedName => {
  const [first = '', second] = text.split('/');
  const full = second ?? first;
  const dot = full.lastIndexOf('.');
  return {
    type: second === undefined ? 'pod' : first,
    name: dot < 0 ? full : full.slice(0, dot),
    namespace: dot < 0 ? namespace : full.slice(dot + 1),
  };
};

const isSelected = ({ metadata }: Pod, labels: Deployment['spec']['selector']): boolean =>
  matchesSelector(labels, metadata.labels);

type Selector = Deployment['spec']['selector'];

const selectorOf = async (
  client: KubeClient,
  parsed: ParsedName,
): Promise<Selector | undefined> => {
  const { type, name, namespace } = parsed;
  if (['deploy', 'deployment', 'deployments'].includes(type))
    return (await client.get<Deployment>(resources.deployments, { name, namespace })).spec.selector;
  if (['svc', 'service', 'services'].includes(type)) {
    const { spec } = await client.get<Service>(resources.services, { name, namespace });
    return spec?.selector && { matchLabels: spec.selector };
  }
  return undefined;
};

const noPod = (text: string): ProxyConfigError =>
  new ProxyConfigError('no-pod', `"${text}" does not refer to a pod`);

const podBehind = async (client: KubeClient, parsed: ParsedName, text: string): Promise<PodRef> => {
  const { namespace } = parsed;
  const selector = await selectorOf(client, parsed);
  if (selector === undefined) throw noPod(text);
  const { items } = await client.list<Pod>(resources.pods, { namespace });
  const pods = items.filter((pod) => isSelected(pod, selector));
  const pod = pods.find(({ status }) => status?.phase === 'Running') ?? pods[0];
  if (pod === undefined) throw noPod(text);
  return { name: pod.metadata.name, namespace };
};

/**
 * The pod a command line names: `pod[.namespace]`, `deploy/name[.namespace]` or `svc/…`. Rejects with
 * ProxyConfigError `no-pod`, or KubeError.
 */
export const resolvePod = async (
  connection: KubeConnection,
  text: string,
  namespace: string,
): Promise<PodRef> => {
  const parsed = parse(text, namespace);
  const client = createKubeClient(connection);
  try {
    if (!['pod', 'pods', 'po'].includes(parsed.type)) return await podBehind(client, parsed, text);
    await client.get<Pod>(resources.pods, { name: parsed.name, namespace: parsed.namespace });
    return { name: parsed.name, namespace: parsed.namespace };
  } catch (error) {
    if (!isKubeError(error, 'not-found')) throw error;
    if (text.includes('/')) throw noPod(text);
    throw new ProxyConfigError(
      'no-pod',
      `unable to retrieve Pod: pods "${parsed.name}" not found in namespace ${parsed.namespace}`,
      error,
    );
  }
};
