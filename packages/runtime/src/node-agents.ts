import { availableParallelism } from 'node:os';
import { delimiter, dirname } from 'node:path';
import type { Secret } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { TokenAuthority } from '@lateen/identity';
import { Informer, type KubeClient, loadKubeConfig, resources } from '@lateen/kube';
import { defaultInjectionOptions } from '@lateen/pilot';
import { podKubeconfig } from './addons/pod-kubeconfig.ts';
import { nodeLabels, nodeName } from './bootstrap/kube-system.ts';
import type { MeshMembership } from './bootstrap/mesh-membership.ts';
import { discoveryPort } from './bootstrap/remote-discovery.ts';
import { Cleanup } from './cleanup.ts';
import type { ControllerCaches } from './controllers/controller-context.ts';
import { addonImages } from './images/addon-images.ts';
import { builtInImages } from './images/built-in-images.ts';
import { ImageCatalog, type LocalImage } from './images/image-catalog.ts';
import type { ConfigSource } from './kubelet/config-source.ts';
import { startEventExpiry } from './kubelet/event-expiry.ts';
import { EventRecorder } from './kubelet/event-recorder.ts';
import { Kubelet } from './kubelet/kubelet.ts';
import { startScheduler } from './kubelet/scheduler.ts';
import { StartGate } from './kubelet/start-gate.ts';
import { AddressPool } from './network/address-pool.ts';
import type { Network } from './network/network.ts';
import type { HeldPort } from './network/tcp-listener.ts';
import type { Destination } from './network/tcp-relay.ts';
import { startLoadBalancerController } from './service-proxy/load-balancer-controller.ts';
import { ServiceProxy } from './service-proxy/service-proxy.ts';
import { readRunRecord } from './state/run-record.ts';
import type { StateFolder } from './state/state-folder.ts';

export interface NodeAgentsOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  /** Shared with the controllers: each collection is watched once. */
  readonly caches: ControllerCaches;
  readonly network: Network;
  readonly state: StateFolder;
  readonly tokens: TokenAuthority;
  /** Images of the catalog files, later ones win. */
  readonly images: readonly LocalImage[];
  readonly membership: MeshMembership | undefined;
  /** Address of this machine where the ingress gateway's port 80 is. */
  readonly gateway: { readonly host: string; readonly held: HeldPort };
  readonly signal: AbortSignal;
}

/** What makes this machine the node of the cluster. */
export interface NodeAgents {
  readonly kubelet: Kubelet;
  readonly serviceProxy: ServiceProxy;
  readonly caches: ControllerCaches;
  /** Ends all pods' processes; their objects stay. */
  stop(): Promise<void>;
}

const configSource = (
  { caches, tokens }: NodeAgentsOptions,
  secrets: Informer<Secret>,
): ConfigSource => ({
  configMap: (namespace, name) => caches.configMaps.get(name, namespace),
  secret: (namespace, name) => secrets.get(name, namespace),
  services: () => caches.services.list(),
  serviceAccountToken: ({ namespace, name, audience, lifetimeMs, pod }) => {
    const uid = caches.serviceAccounts.get(name, namespace)?.metadata.uid;
    return tokens.issue({
      namespace,
      name,
      lifetimeMs,
      pod,
      ...(uid !== undefined && { uid }),
      ...(audience !== undefined && { audiences: [audience] }),
    });
  },
});

const discoveryAddress = (caches: ControllerCaches): Destination | undefined => {
  const host = caches.services.get('istiod', 'istio-system')?.spec?.clusterIP;
  return host === undefined || host === '' ? undefined : { host, port: discoveryPort };
};

/** Containers get nothing of the supervisor's environment but what programs cannot do without. */
const baseEnvironment = ({ state }: NodeAgentsOptions): Record<string, string> => ({
  PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter),
  LANG: process.env['LANG'] ?? 'C.UTF-8',
  // One cache for all clusters of an installation: the launcher's, or our own without it.
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? state.cache,
  ...(process.env['TZ'] !== undefined && { TZ: process.env['TZ'] }),
});

/** Resolves when pods are being run, scheduled and reached; call when the caches are complete. */
export const startNodeAgents = async (options: NodeAgentsOptions): Promise<NodeAgents> => {
  const { client, clock, log, caches, network, state, signal } = options;
  const common = { client, clock, log };
  const cleanup = new Cleanup();
  const secrets = new Informer<Secret>({
    ...common,
    resource: resources.secrets,
    jitter: options.jitter,
  });
  void secrets.run(signal);
  await secrets.synced;
  const events = new EventRecorder({ ...common, component: 'kubelet' });
  const config = configSource(options, secrets);
  const builtIn = builtInImages({
    kubeconfig: state.pilotKubeconfig,
    discovery: () => discoveryAddress(caches),
    clusterId: options.membership?.cluster ?? defaultInjectionOptions.clusterId,
    networkId: options.membership?.network,
  });
  const kubelet = new Kubelet({
    nodeName,
    secrets,
    pods: caches.pods,
    configMaps: caches.configMaps,
    context: {
      ...common,
      events,
      network,
      podsFolder: state.pods,
      config,
      catalog: new ImageCatalog(
        builtIn,
        addonImages(() => readRunRecord(state)?.addons, {
          environment: process.env,
          kubeconfig: (pod) => podKubeconfig(pod, loadKubeConfig(state.pilotKubeconfig), config),
        }),
        options.images,
      ),
      podAddresses: new AddressPool(network.podAddresses),
      startGate: new StartGate(Math.max(2, availableParallelism()), clock),
      baseEnvironment: baseEnvironment(options),
    },
  });
  const serviceProxy = new ServiceProxy({
    clock,
    log,
    services: caches.services,
    slices: caches.endpointSlices,
    nodeAddress: network.nodeAddress,
    events: new EventRecorder({ ...common, component: 'kube-proxy' }),
    extra: [
      {
        service: 'istio-system/istio-ingressgateway',
        servicePort: 80,
        address: { host: options.gateway.host, port: options.gateway.held.port },
        held: options.gateway.held,
      },
    ],
  });
  serviceProxy.start();
  cleanup.add(() => serviceProxy.stop());
  await kubelet.start();
  cleanup.add(() => kubelet.stop());
  const scheduling = new EventRecorder({ ...common, component: 'default-scheduler' });
  cleanup.add(
    startScheduler({
      ...common,
      nodeName,
      nodeLabels,
      events: scheduling,
      pods: caches.pods,
    }),
  );
  cleanup.add(startEventExpiry(common));
  const addresses = network.loadBalancerAddresses;
  cleanup.add(startLoadBalancerController({ ...common, services: caches.services, addresses }));
  return { kubelet, serviceProxy, caches, stop: () => cleanup.run() };
};
