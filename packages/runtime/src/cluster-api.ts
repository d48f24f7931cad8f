import type { Clock, Logger } from '@lateen/base';
import { createKubeClient, type KubeClient, parseKubeConfig } from '@lateen/kube';
import { injectionPlugin, serviceAccountPlugin } from './admission/pod-plugins.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import type { Network } from './network/network.ts';
import { KubeletPodBackend } from './pod-access/kubelet-pod-backend.ts';
import { type ClusterPki, clientKubeconfig, issueServerCertificate } from './state/cluster-pki.ts';
import { writePrivateFile } from './state/json-file.ts';
import type { StateFolder } from './state/state-folder.ts';

export interface ClusterApiOptions {
  readonly state: StateFolder;
  readonly pki: ClusterPki;
  readonly network: Network;
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined until the node is up. */
  readonly kubelet: () => Kubelet | undefined;
}

/** The API server of a cluster and a client of it. */
export interface ClusterApi {
  readonly url: string;
  readonly port: number;
  readonly client: KubeClient;
  close(): Promise<void>;
}

const apiHost = '127.0.0.1';
