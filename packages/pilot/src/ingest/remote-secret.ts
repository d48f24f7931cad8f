import type { KubeObject, Secret } from '@lateen/api';

/** Label of Secrets whose keys are cluster ids and whose values are kubeconfigs. */
export const remoteSecretLabel = 'istio/multiCluster';

/** A Secret's word for one cluster. */
export interface RemoteSecretEntry {
  readonly clusterId: string;
  /** `namespace/name`. */
  readonly secret: string;
  readonly kubeconfig: string;
}

/** Whether a Secret is of those that a control plane of `rootNamespace` reads. */
export const isRemoteSecret = (object: KubeObject | undefined, rootNamespace: string): boolean => {
  const { namespace, labels } = object?.metadata ?? {};
  return namespace === rootNamespace && labels?.[remoteSecretLabel] === 'true';
};

const ageOf = ({ metadata }: KubeObject): string =>
  `${metadata.creationTimestamp ?? ''} ${metadata.name}`;

const textOf = (data: string): string => Buffer.from(data, 'base64').toString('utf8');

const entriesOf = ({ metadata, data, stringData }: Secret): readonly RemoteSecretEntry[] => {
  const decoded = Object.entries(data ?? {}).map(([key, text]) => [key, textOf(text)] as const);
  const values = new Map([...decoded, ...Object.entries(stringData ?? {})]);
  const secret = `${metadata.namespace}/${metadata.name}`;
  return [...values].map(([clusterId, kubeconfig]) => ({ clusterId, secret, kubeconfig }));
};

/** What remote secrets among `secrets` say, oldest first. */
export const remoteSecretEntries = (
  secrets: readonly KubeObject[],
  rootNamespace: string,
): readonly RemoteSecretEntry[] =>
  secrets
    .filter((secret) => isRemoteSecret(secret, rootNamespace))
    .toSorted((left, right) => (ageOf(left) < ageOf(right) ? -1 : 1))
    .flatMap((secret) => entriesOf(secret as Secret));
