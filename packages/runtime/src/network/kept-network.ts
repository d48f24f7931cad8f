import { readJsonFile, writeJsonFile } from '../state/json-file.ts';
import { claimLoopbackNetwork } from './loopback-network.ts';
import type { Network } from './network.ts';

/**
 * The network of a cluster: the block its objects have addresses of, or a free one at its first
 * start. `path` is where the choice is kept. Rejects with RuntimeError `network-taken`.
 */
export const openKeptNetwork = async (path: string): Promise<Network> => {
  const kept = readJsonFile(path) as { readonly block?: unknown } | undefined;
  const { network, block } = await claimLoopbackNetwork({
    seed: path,
    ...(typeof kept?.block === 'number' && { block: kept.block }),
  });
  writeJsonFile(path, { kind: network.kind, block });
  return network;
};
