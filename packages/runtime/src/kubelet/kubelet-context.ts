import type { Clock, Logger } from '@lateen/base';
import type { KubeClient } from '@lateen/kube';
import type { ImageCatalog } from '../images/image-catalog.ts';
import type { AddressPool } from '../network/address-pool.ts';
import type { Network } from '../network/network.ts';
import type { ConfigSource } from './config-source.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { StartGate } from './start-gate.ts';

/** What all pods of the node share. */
export interface KubeletContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly config: ConfigSource;
  readonly catalog: ImageCatalog;
  readonly network: Network;
  readonly podAddresses: AddressPool;
  readonly startGate: StartGate;
  /** Folder with one folder for each pod uid. */
  readonly podsFolder: string;
  /** Variables every container starts with: PATH and what the cluster adds. */
  readonly baseEnvironment: Readonly<Record<string, string>>;
}
