import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConfigMap, Container, Pod, PodSpec, Secret, Service } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import { FakeKubeClient, Informer, resources, systemClock } from '@lateen/kube';
import { ImageCatalog } from '../images/image-catalog.ts';
import { AddressPool } from '../network/address-pool.ts';
import { claimLoopbackNetwork } from '../network/loopback-network.ts';
import { EventRecorder } from './event-recorder.ts';
import { Kubelet } from './kubelet.ts';
import { startScheduler } from './scheduler.ts';
import { StartGate } from './start-gate.ts';

const shellImage = { name: 'test/shell', command: ['/bin/sh', '-c'], env: {}, workingDir: '/' };

/** A kubelet and scheduler over an API server in memory, with real processes. */
export interface TestNode {
  readonly client: FakeKubeClient;
  readonly kubelet: Kubelet;
  /** Resolves with the pod of namespace `default` as soon as the condition holds. */
  until(name: string, holds: (pod: Pod | undefined) => boolean): Promise<Pod | undefined>;
  end(): Promise<void>;
}

/** For tests: ends with the test. The image `test/shell` runs its arguments as a shell script. */
export const startTestNode = async (
  t: TestContext,
  client: FakeKubeClient = new FakeKubeClient(),
): Promise<TestNode> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-kubelet-'));
  const { network } = await claimLoopbackNetwork({ seed: folder });
  const stop = new AbortController();
  const common = { client, clock: systemClock, log: silentLogger };
  const over = <T extends Pod | ConfigMap | Secret | Service>(resource: typeof resources.pods) => {
    const informer = new Informer<T>({ ...common, resource, jitter: () => 0 });
    void informer.run(stop.signal);
    return informer;
  };
  const pods = over<Pod>(resources.pods);
  const configMaps = over<ConfigMap>(resources.configMaps);
  const secrets = over<Secret>(resources.secrets);
  const services = over<Service>(resources.services);
  await Promise.all([pods, configMaps, secrets, services].map((informer) => informer.synced));
  const events = new EventRecorder({ ...common, component: 'kubelet' });
  const kubelet = new Kubelet({
    nodeName: 'lateen',
    pods,
    configMaps,
    secrets,
    context: {
      ...common,
      events,
      network,
      podsFolder: join(folder, 'pods'),
      config: {
        configMap: (namespace, name) => configMaps.get(name, namespace),
        secret: (namespace, name) => secrets.get(name, namespace),
        services: () => services.list(),
        serviceAccountToken: async () => 'token',
      },
      catalog: new ImageCatalog([shellImage]),
      podAddresses: new AddressPool(network.podAddresses),
      startGate: new StartGate(4, systemClock),
      baseEnvironment: { PATH: process.env['PATH'] ?? '' },
    },
  });
  const stopScheduler = startScheduler({
    ...common,
    events,
    pods,
    nodeName: 'lateen',
    nodeLabels: {},
  });
  await kubelet.start();
  const end = async (): Promise<void> => {
    stopScheduler();
    await kubelet.stop();
    stop.abort();
    await network.close();
  };
  t.after(async () => {
    await end();
    rmSync(folder, { recursive: true });
  });
  const until = (
    name: string,
    holds: (pod: Pod | undefined) => boolean,
  ): Promise<Pod | undefined> => {
    const { promise, resolve } = Promise.withResolvers<Pod | undefined>();
    const check = (): void => {
      const pod = pods.get(name, 'default');
      if (holds(pod)) resolve(pod);
    };
    const stopListening = pods.onChange(check);
    check();
    return promise.finally(stopListening);
  };
  return { client, kubelet, until, end };
};

/** For tests: a pod of one container, `main`, that runs a shell script. */
export const podOf = (
  name: string,
  script: string,
  more: Partial<Container & PodSpec> = {},
): Pod => {
  const { restartPolicy, initContainers, volumes, terminationGracePeriodSeconds, ...container } =
    more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-of-${name}` },
    spec: {
      containers: [
        { name: 'main', image: 'test/shell', args: [script], ...container } as Container,
      ],
      ...(restartPolicy && { restartPolicy: restartPolicy as 'Never' }),
      ...(initContainers && { initContainers }),
      ...(volumes && { volumes }),
      ...(terminationGracePeriodSeconds !== undefined && { terminationGracePeriodSeconds }),
    },
  };
};
