import type { Pod } from '@lateen/api';
import type { KubeConnection } from '@lateen/kube';
import { stringify } from 'yaml';
import type { ConfigSource } from '../kubelet/config-source.ts';

/** The token ends with the pod it is bound to; this only has to be longer than pods live. */
const tokenLifetimeMs = 365 * 24 * 60 * 60_000;

/** A kubeconfig with which a program of the pod is its service account, to the API server of `connection`. */
export const podKubeconfig = async (
  { metadata, spec }: Pod,
  { server, certificateAuthority = '' }: KubeConnection,
  config: ConfigSource,
): Promise<string> => {
  const { name, uid = '', namespace = 'default' } = metadata;
  const token = await config.serviceAccountToken({
    namespace,
    name: spec.serviceAccountName ?? 'default',
    lifetimeMs: tokenLifetimeMs,
    pod: { name, uid },
  });
  const authority = Buffer.from(certificateAuthority).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'pod',
    clusters: [{ name: 'pod', cluster: { server, 'certificate-authority-data': authority } }],
    contexts: [{ name: 'pod', context: { cluster: 'pod', user: 'pod', namespace } }],
    users: [{ name: 'pod', user: { token } }],
  });
};
