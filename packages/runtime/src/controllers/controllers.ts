import type { Clock, Logger } from '@lateen/base';
import type { KubeClient } from '@lateen/kube';
import { type ControllerCaches, createCaches } from './controller-context.ts';
import { startDeploymentController } from './deployment-controller.ts';
import { startEndpointsController } from './endpoints-controller.ts';
import { startGarbageCollector } from './garbage-collector.ts';
import { startNamespaceContentController } from './namespace-content-controller.ts';
import { startReplicaSetController } from './replica-set-controller.ts';

export interface ControllersOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for retries. */
  readonly jitter: () => number;
  /** PEM of the API server's CA, published in every namespace. */
  readonly rootCertificate: string;
  /** Ends the caches and every controller. */
  readonly signal: AbortSignal;
}

/** Resolves when every cache has its first list and the controllers run; they end with the signal. */
export const startControllers = async (options: ControllersOptions): Promise<ControllerCaches> => {
  const { client, clock, log, signal } = options;
  const caches = createCaches(options);
  const all = Object.values(caches);
  for (const cache of all) void cache.run(signal);
  await Promise.all(all.map((cache) => cache.synced));
  const context = { client, clock, log, caches };
  const controllers = [
    startDeploymentController(context),
    startReplicaSetController(context),
    startEndpointsController(context),
    startGarbageCollector(context),
    startNamespaceContentController(context, options.rootCertificate),
  ];
  signal.addEventListener('abort', () => {
    for (const controller of controllers) controller.stop();
  });
  return caches;
};
