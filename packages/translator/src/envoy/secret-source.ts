import { create } from '@bufbuild/protobuf';
import {
  type SdsSecretConfig,
  SdsSecretConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { adsSource, agentSource } from './config-source.ts';

/** What precedes the name of a Kubernetes secret in the name of its resource. */
const kubernetesScheme = 'kubernetes://';
const rootSuffix = '-cacert';

/** Istio's resource names of secrets. */
export const secretName = {
  /** The workload's own certificate and the mesh's roots. */
  workload: 'default',
  workloadRoot: 'ROOTCA',
  /** Roots the machine trusts. */
  systemRoot: 'file-root:system',
  files: (certificate: string, privateKey: string): string =>
    `file-cert:${certificate}~${privateKey}`,
  rootFile: (path: string): string => `file-root:${path}`,
  /** A Kubernetes secret by the name in `credentialName`. */
  credential: (name: string): string =>
    name.includes('://') ? name : `${kubernetesScheme}${name}`,
  credentialRoot: (name: string): string => `${secretName.credential(name)}${rootSuffix}`,
} as const;

/** A reference to a secret: Kubernetes' come over ADS, all others from the proxy's agent. */
export const secretSource = (name: string): SdsSecretConfig =>
  create(SdsSecretConfigSchema, {
    name,
    sdsConfig: name.startsWith(kubernetesScheme) ? adsSource() : agentSource(),
  });
