import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Container } from '@lateen/api';
import { preparePodSocket } from '../bootstrap/pod-socket.ts';
import { adminPort, type ProxyRole, proxyBootstrap } from '../bootstrap/proxy-bootstrap.ts';
import { ConfigMissing } from '../kubelet/config-source.ts';
import { mountedPaths, replaceMountPaths } from '../kubelet/pod-volumes.ts';
import type { Destination } from '../network/tcp-relay.ts';
import { envoyImage, envoyProgram, envoyVariable } from './envoy-program.ts';
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

/** istiod's ports: xDS and certificates over TLS, and status. Its plaintext port stays closed. */
const securePort = 15_012;
const statusPort = 15_014;

const pilot = (options: BuiltInImageOptions): Program => ({
  prepare: async ({ container, folder, addresses: { podAddress } }) => ({
    args: [
      '--grpc-address=',
      '--secure-address',
      `${podAddress}:${securePort}`,
      '--http-address',
      `${podAddress}:${statusPort}`,
      '--debug-socket',
      await preparePodSocket(folder, statusPort),
      // The Deployment's own flags win.
      ...(container.args ?? []),
    ],
    env: { KUBECONFIG: options.kubeconfig, CLUSTER_ID: options.clusterId },
  }),
});

/** Where Istio's proxies find the roots of the mesh and their token. */
const rootPath = '/var/run/secrets/istio/root-cert.pem';
const tokenPath = '/var/run/secrets/tokens/istio-token';

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
    const secretSocket = await preparePodSocket(folder, 'sds');
    const adminSocket = await preparePodSocket(folder, adminPort);
    const bootstrap = proxyBootstrap({
      ...{ pod, container, role, podAddress, clusterId, networkId, appPorts },
      ...{ discovery, secretSocket, adminSocket },
    });
    const path = join(folder, container.name, 'bootstrap.json');
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${JSON.stringify(bootstrap, undefined, 2)}\n`, { mode: 0o600 });
    const mounts = mountedPaths(pod, container, folder);
    return {
      args: [
        ...['-c', path, '--status-address', podAddress, '--sds-socket', secretSocket],
        ...['--ca-address', `${discovery.host}:${discovery.port}`],
        ...['--ca-root', replaceMountPaths(rootPath, mounts)],
        ...['--token', replaceMountPaths(tokenPath, mounts)],
      ],
      // Of sidecars the injector has said it.
      env: namesCluster(container) ? {} : { [clusterVariable]: clusterId },
    };
  },
});

/** The same agent and the same bootstrap, for a real Envoy in the place of our proxy. */
const envoy = (options: BuiltInImageOptions): Program => ({
  prepare: async (request) => {
    const binary = envoyProgram(process.env);
    if (binary === undefined)
      throw new ConfigMissing(
        `there is no envoy on the PATH of lateen up (${envoyVariable} may name it)`,
      );
    const prepared = await proxy(options).prepare(request);
    return { ...prepared, args: [...prepared.args, '--envoy', binary] };
  },
});

/** By which Istio's agents say whose token they show. */
const clusterVariable = 'ISTIO_META_CLUSTER_ID';

const namesCluster = ({ env = [] }: Container): boolean =>
  env.some(({ name }) => name === clusterVariable);

/**
 * A new space of one fixed size for proxies: left alone, V8 starts small and grows it by 40 MiB over
 * the first 40,000 requests, which looks like a leak. Smaller sizes cost CPU (docs/performance.md).
 */
const proxyFlags: readonly string[] = ['--min-semi-space-size=16', '--max-semi-space-size=16'];

/** The images that are part of Lateen, under our names and Istio's. */
export const builtInImages = (options: BuiltInImageOptions): readonly LocalImage[] => {
  const image = (name: string, part: 'pilot' | 'agent', program: Program): LocalImage => ({
    name,
    program,
    env: {},
    command: [
      process.execPath,
      ...(part === 'agent' ? proxyFlags : []),
      '--import',
      compileCacheFlush,
      programOf(part),
    ],
    workingDir: dirname(programOf(part)),
  });
  return [
    image('lateen/pilot', 'pilot', pilot(options)),
    image('lateen/proxyv2', 'agent', proxy(options)),
    image('istio/pilot', 'pilot', pilot(options)),
    image('istio/proxyv2', 'agent', proxy(options)),
    image(envoyImage, 'agent', envoy(options)),
  ];
};
