import { createHash } from 'node:crypto';
import type { Server } from 'node:net';
import { RuntimeError } from '../runtime-error.ts';
import type { Network } from './network.ts';
import { closeListener, isPortFree, listenTcp } from './tcp-listener.ts';

/** Second octets to choose from: 127.0 is the machine's own, 127.255 its broadcast. */
const firstBlock = 2;
const lastBlock = 254;
/** The kubelet's port: held on the node address while the cluster runs, it marks the /16 as taken. */
const ownershipPort = 10_250;
/** App ports lie below the ephemeral range (32768) and node ports (30000), so that no outgoing connection holds one. */
const firstAppPort = 20_000;
const appPortCount = 9_900;
/** So many are for one cluster first: clusters side by side look at each other's only when their own are taken. */
const ownAppPorts = Math.floor(appPortCount / (lastBlock - firstBlock + 1));

const claimBlock = async (block: number): Promise<Server | undefined> => {
  try {
    const address = { host: `127.${block}.127.1`, port: ownershipPort };
    return await listenTcp(address, (socket) => socket.destroy());
  } catch {
    return undefined;
  }
};

const startBlock = (seed: string): number => {
  const hash = createHash('sha256').update(seed).digest().readUInt32BE(0);
  return firstBlock + (hash % (lastBlock - firstBlock + 1));
};

const claimFreeBlock = async (seed: string): Promise<{ block: number; owner: Server }> => {
  const count = lastBlock - firstBlock + 1;
  const start = startBlock(seed);
  for (let offset = 0; offset < count; offset++) {
    const block = firstBlock + ((start - firstBlock + offset) % count);
    const owner = await claimBlock(block);
    if (owner !== undefined) return { block, owner };
  }
  throw new RuntimeError(
    'network-taken',
    'no 127.x.0.0/16 is free: loopback addresses cannot be listened on here, or 253 clusters run',
  );
};

class LoopbackNetwork implements Network {
  readonly kind = 'loopback';
  readonly cidr: string;
  readonly nodeAddress: string;
  readonly podAddresses;
  readonly serviceAddresses;
  readonly loadBalancerAddresses;
  readonly #owner: Server;
  /** Given to apps, which may listen on them later. */
  readonly #claimed = new Set<number>();
  readonly #firstOwnPort: number;
  #nextOwn = 0;

  constructor(block: number, owner: Server) {
    const prefix = `127.${block}`;
    this.cidr = `${prefix}.0.0/16`;
    this.nodeAddress = `${prefix}.127.1`;
    this.podAddresses = { first: `${prefix}.0.2`, last: `${prefix}.126.254` };
    this.loadBalancerAddresses = { first: `${prefix}.127.10`, last: `${prefix}.127.254` };
    this.serviceAddresses = { first: `${prefix}.128.1`, last: `${prefix}.255.254` };
    this.#owner = owner;
    this.#firstOwnPort = (block - firstBlock) * ownAppPorts;
  }

  async claimAppPort(): Promise<number> {
    // Not one that was released a moment ago, if there is another.
    const start = this.#nextOwn++;
    for (let tries = 0; tries < ownAppPorts; tries++) {
      const offset = this.#firstOwnPort + ((start + tries) % ownAppPorts);
      if (await this.#claim(firstAppPort + offset)) return firstAppPort + offset;
    }
    for (let tries = 0; tries < appPortCount; tries++) {
      const offset = (this.#firstOwnPort + tries) % appPortCount;
      if (await this.#claim(firstAppPort + offset)) return firstAppPort + offset;
    }
    throw new RuntimeError('no-free-port', 'no port of 127.0.0.1 is left for another container');
  }

  releaseAppPort(port: number): void {
    this.#claimed.delete(port);
  }

  /** Whether it could be had. */
  async #claim(port: number): Promise<boolean> {
    if (this.#claimed.has(port)) return false;
    this.#claimed.add(port);
    if (await isPortFree('127.0.0.1', port)) return true;
    this.#claimed.delete(port);
    return false;
  }

  close(): Promise<void> {
    return closeListener(this.#owner);
  }
}

export interface LoopbackOptions {
  /** Second octet kept from an earlier start; its addresses are in stored objects. */
  readonly block?: number;
  /** Chooses where the search for a free block begins: the same for the same cluster. */
  readonly seed: string;
}

/** A network and the second octet to keep for the next start. */
export interface ClaimedLoopback {
  readonly network: Network;
  readonly block: number;
}

/**
 * Takes a 127.x.0.0/16 of this machine for one cluster until the process ends.
 * @throws RuntimeError `network-taken` when the block of the last start belongs to another cluster now.
 */
export const claimLoopbackNetwork = async (options: LoopbackOptions): Promise<ClaimedLoopback> => {
  if (options.block === undefined) {
    const { block, owner } = await claimFreeBlock(options.seed);
    return { block, network: new LoopbackNetwork(block, owner) };
  }
  const owner = await claimBlock(options.block);
  if (owner === undefined)
    throw new RuntimeError(
      'network-taken',
      `the addresses 127.${options.block}.0.0/16 of this cluster are in use (port ${ownershipPort} of 127.${options.block}.127.1 is taken): stop the other cluster, or start with another --state-dir`,
    );
  return { block: options.block, network: new LoopbackNetwork(options.block, owner) };
};
