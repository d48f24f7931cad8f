import { create } from '@bufbuild/protobuf';
import {
  type SdsSecretConfig,
  SdsSecretConfigSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { adsSource } from './config-source.ts';

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
  credential: (name: string): string => (name.includes('://') ? name : `kubernetes://${name}`),
  credentialRoot: (name: string): string =>
    `${name.includes('://') ? name : `kubernetes://${name}`}-cacert`,
} as const;

/** A reference to a secret that comes over ADS. */
export const secretSource = (name: string): SdsSecretConfig =>
  create(SdsSecretConfigSchema, { name, sdsConfig: adsSource() });
