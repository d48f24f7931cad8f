import { builtinKinds } from '@lateen/api';
import {
  type ApiServer,
  bearerTokenAuthenticator,
  clientCertificateAuthenticator,
  ruleAuthorizer,
  startApiServer,
} from '@lateen/apiserver';
import type { Clock, Logger } from '@lateen/base';
import { createKubeClient, type KubeClient, parseKubeConfig } from '@lateen/kube';
import { defaultInjectionOptions, type InjectionOptions } from '@lateen/pilot';
import { createAdmissionMetrics } from './admission/admission-metrics.ts';
import { istioValidationPlugin } from './admission/istio-validation.ts';
import { injectionPlugin, serviceAccountPlugin } from './admission/pod-plugins.ts';
import { remoteRulesPlugin } from './admission/remote-rules.ts';
import type { MeshMembership } from './bootstrap/mesh-membership.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import { type FindObject, liveAccountVerifier } from './live-accounts.ts';
import type { Network } from './network/network.ts';
import type { HeldPort } from './network/tcp-listener.ts';
import { KubeletPodBackend } from './pod-access/kubelet-pod-backend.ts';
import { type ClusterPki, clientKubeconfig, issueServerCertificate } from './state/cluster-pki.ts';
import { writePrivateFile } from './state/json-file.ts';
import type { StateFolder } from './state/state-folder.ts';

export interface ClusterApiOptions {
  readonly state: StateFolder;
  readonly pki: ClusterPki;
  readonly network: Network;
  readonly port: HeldPort;
  readonly membership: MeshMembership | undefined;
  /** Of injected proxies. Default: our own. */
  readonly proxyImage?: string | undefined;
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

/** Name of the kubeconfig's context when there is only one cluster. */
const soleClusterName = 'lateen';

const injectionOptions = ({
  membership,
  proxyImage = defaultInjectionOptions.proxyImage,
}: ClusterApiOptions): InjectionOptions => ({
  ...defaultInjectionOptions,
  proxyImage,
  ...(membership && { clusterId: membership.cluster, network: membership.network }),
});

/** istiod's service account, as its certificate names it. */
const pilotUser = {
  commonName: 'system:serviceaccount:istio-system:istiod',
  organizations: ['system:serviceaccounts', 'system:serviceaccounts:istio-system'],
};

/** API server, kubeconfig for people and for istiod, and a client. Rejects when the port is taken. */
export const openClusterApi = async (options: ClusterApiOptions): Promise<ClusterApi> => {
  const { state, pki, network, clock, log, membership } = options;
  const { key, certificate } = issueServerCertificate(pki, [
    apiHost,
    network.nodeAddress,
    network.serviceAddresses.first,
  ]);
  let client: KubeClient | undefined;
  const ownClient = (): KubeClient => {
    if (client === undefined) throw new Error('a pod was made before the API server was there');
    return client;
  };
  const metrics = createAdmissionMetrics();
  let server: ApiServer | undefined;
  const find: FindObject = (...path) => server?.coreObject(...path);
  const verifyToken = liveAccountVerifier(pki.tokens, find);
  server = await startApiServer({
    clock,
    log,
    host: apiHost,
    port: options.port.listener,
    storePath: state.store,
    tls: { key, cert: certificate, clientCa: pki.authority.certificate },
    authenticators: [clientCertificateAuthenticator, bearerTokenAuthenticator(verifyToken)],
    // Nothing beyond the Roles in the store, and everything to system:masters.
    authorizer: ruleAuthorizer([]),
    kinds: builtinKinds,
    admission: [
      serviceAccountPlugin,
      injectionPlugin(ownClient, injectionOptions(options), metrics),
      istioValidationPlugin(metrics),
      ...(membership?.primary === undefined ? [] : [remoteRulesPlugin(membership.primary.cluster)]),
    ],
    pods: new KubeletPodBackend(options.kubelet, clock),
    verifyToken,
    issueToken: (request) => {
      const uid = find('serviceaccounts', request.namespace, request.name)?.metadata.uid;
      return pki.tokens.issue({ ...request, ...(uid !== undefined && { uid }) });
    },
    serviceAddresses: network.serviceAddresses,
    metrics: metrics.families,
  });
  const admin = { commonName: 'lateen-admin', organizations: ['system:masters'] };
  const target = { name: membership?.cluster ?? soleClusterName, server: server.url };
  const kubeconfig = clientKubeconfig(pki, target, admin);
  writePrivateFile(state.kubeconfig, kubeconfig);
  writePrivateFile(state.pilotKubeconfig, clientKubeconfig(pki, target, pilotUser));
  client = createKubeClient(parseKubeConfig(kubeconfig));
  const { url, port, close } = server;
  return { url, port, client, close };
};
