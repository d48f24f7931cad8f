import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Container } from '@lateen/api';
import { type ProxyRole, proxyBootstrap } from '../bootstrap/proxy-bootstrap.ts';
import { ConfigMissing } from '../kubelet/config-source.ts';
import type { Destination } from '../network/tcp-relay.ts';
import type { LocalImage } from './image-catalog.ts';
import type { Program } from './program.ts';

/** The part of each that the runtime starts; the packages' entry points are not their programs. */
const require = createRequire(import.meta.url);
const programOf = (name: string): string =>
  join(dirname(require.resolve(`@lateen/${name}`)), 'main.ts');

/** Loaded before each program. */
const compileCacheFlush: string = new URL('./compile-cache-flush.ts', import.meta.url).href;

export interface BuiltInImageOptions {
  /** Kubeconfig that istiod reads the API server with. */
  readonly kubeconfig: string;
  /** Address of istiod's xDS service; undefined while the service has none. */
  readonly discovery: () => Destination | undefined;
  /** Istio's cluster id. */
  readonly clusterId: string;
  /** `topology.istio.io/network` of this cluster; undefined: one network for all. */
  readonly networkId: string | undefined;
}

/** istiod's ports: xDS in plaintext, xDS and certificates over TLS, status. */
const xdsPort = 15_010;
const securePort = 15_012;
const statusPort = 15_014;

const pilot = (options: BuiltInImageOptions): Program => ({
  prepare: async ({ addresses: { podAddress } }) => ({
    args: [
      '--grpc-address',
      `${podAddress}:${xdsPort}`,
      '--secure-address',
      `${podAddress}:${securePort}`,
      '--http-address',
      `${podAddress}:${statusPort}`,
    ],
    env: { KUBECONFIG: options.kubeconfig, CLUSTER_ID: options.clusterId },
  }),
});

/** `proxy router` for gateways, as Istio's image takes it; anything else is a sidecar. */
const roleOf = ({ args = [] }: Container): ProxyRole =>
  args.includes('router') ? 'router' : 'sidecar';

const proxy = (options: BuiltInImageOptions): Program => ({
  prepare: async ({ pod, container, addresses, folder, appPorts }) => {
    const discovery = options.discovery();
    if (discovery === undefined)
      throw new ConfigMissing('service istiod of istio-system has no address yet');
    const { podAddress } = addresses;
    const role = roleOf(container);
    const { clusterId, networkId } = options;
    const input = { pod, container, role, podAddress, clusterId, networkId, appPorts, discovery };
    const bootstrap = proxyBootstrap(input);
    const path = join(folder, container.name, 'bootstrap.json');
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${JSON.stringify(bootstrap, undefined, 2)}\n`, { mode: 0o600 });
    return { args: ['-c', path, '--status-address', podAddress], env: {} };
  },
});

/**
 * A new space of one fixed size for proxies: left alone, V8 starts small and grows it by 40 MiB over
 * the first 40,000 requests, which looks like a leak. Smaller sizes cost CPU (docs/performance.md).
 */
const proxyFlags: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** The images that are part of Lateen, under our names and Istio's. */
export const builtInImages = (options: BuiltInImageOptions): readonly LocalImage[] => {
  const image = (name: string, part: 'pilot' | 'proxy', program: Program): LocalImage => ({
    name,
    program,
    env: {},
    command: [
      process.execPath,
      ...(part === 'proxy' ? proxyFlags : []),
      '--import',
      compileCacheFlush,
      programOf(part),
    ],
    workingDir: dirname(programOf(part)),
  });
  return [
    image('lateen/pilot', 'pilot', pilot(options)),
    image('lateen/proxyv2', 'proxy', proxy(options)),
    image('istio/pilot', 'pilot', pilot(options)),
    image('istio/proxyv2', 'proxy', proxy(options)),
  ];
};
