import { readFileSync } from 'node:fs';
import type { KubeObject, Service } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { type KubeClient, resources } from '@lateen/kube';
import type { PrimaryCluster } from './bootstrap/mesh-membership.ts';
import { overwriteObjects } from './bootstrap/object-applier.ts';
import { remoteDiscoveryEndpoints } from './bootstrap/remote-discovery.ts';
import { reasonOf } from './runtime-error.ts';

/** How often the other cluster's gateway is looked at: it may get another address, or come up after us. */
const reviewMs = 2_000;
/** Before there is an address no proxy here can start. */
const firstReviewMs = 100;

export interface PrimaryLinkOptions {
  /** Of this cluster. */
  readonly client: KubeClient;
  /** With which the other cluster reads this one. Rejects with RuntimeError. */
  readonly secret: () => Promise<KubeObject>;
  readonly primary: PrimaryCluster;
  /** Makes a client of the text of a kubeconfig. */
  readonly connect: (kubeconfig: string) => KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once when the other cluster does not answer at the first try. */
  readonly onAbsence: (reason: string) => void;
}

/**
 * Keeps a cluster under the control plane of another: gives that one the Secret with which it reads this
 * one, and leads the Service `istiod` here to its gateway.
 */
export class PrimaryLink {
  readonly #options: PrimaryLinkOptions;
  #kubeconfig = '';
  #primary: KubeClient | undefined;
  #hasJoined = false;
  #isAway = false;
  #address = '';
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(options: PrimaryLinkOptions) {
    this.#options = options;
  }

  /** Resolves after the first try; goes on until `stop`. */
  async start(): Promise<void> {
    const { clock, log, primary, onAbsence } = this.#options;
    try {
      await this.#review();
      if (this.#isAway) log.info('primary cluster answers again', { cluster: primary.cluster });
      this.#isAway = false;
    } catch (error) {
      const reason = reasonOf(error);
      if (!this.#isAway) {
        log.warn('primary cluster does not answer', { cluster: primary.cluster, reason });
        if (!this.#hasJoined) onAbsence(reason);
      }
      this.#isAway = true;
    }
    if (this.#isStopped) return;
    const delayMs = this.#address === '' && !this.#isAway ? firstReviewMs : reviewMs;
    this.#cancel = clock.schedule(delayMs, () => void this.start());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  async #review(): Promise<void> {
    const client = this.#client();
    if (!this.#hasJoined) await this.#join(client);
    const service = await client.get<Service>(resources.services, {
      name: 'istio-ingressgateway',
      namespace: 'istio-system',
    });
    const address = service.status?.loadBalancer?.ingress?.[0]?.ip ?? '';
    if (address === '' || address === this.#address) return;
    await overwriteObjects(this.#options.client, remoteDiscoveryEndpoints(address));
    this.#address = address;
    this.#options.log.info('istiod is reached at', { address });
  }

  /** Once: a Secret that somebody takes away while we run is taken away on purpose. */
  async #join(client: KubeClient): Promise<void> {
    const body = await this.#options.secret();
    const { name, namespace } = body.metadata;
    await client.patch(resources.secrets, { kind: 'apply', name, namespace, body });
    this.#hasJoined = true;
  }

  /** The file is another one after each start of that cluster. */
  #client(): KubeClient {
    const text = readFileSync(this.#options.primary.kubeconfig, 'utf8');
    if (this.#primary === undefined || text !== this.#kubeconfig) {
      this.#primary = this.#options.connect(text);
      this.#kubeconfig = text;
    }
    return this.#primary;
  }
}
