import type { JsonObject } from '@bufbuild/protobuf';
import { type ProxyDependencies, type ProxyServer, startProxy } from '../proxy.ts';
import { RawClient } from './raw-client.ts';
import { bootstrapOf, httpListenerJson, routesJson } from './static-bootstrap.ts';

/** A proxy that is stopped at the end of its block. */
export interface RunningProxy extends AsyncDisposable {
  readonly proxy: ProxyServer;
  /** Port of the listener `http`. */
  readonly port: number;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  connect(): Promise<RawClient>;
  admin(path: string, init?: RequestInit): Promise<Response>;
}

/** Starts a proxy with an HTTP listener that has these routes. */
export const runProxy = async (
  parts: {
    readonly clusters: readonly JsonObject[];
    readonly routes?: readonly JsonObject[];
    readonly manager?: JsonObject;
    readonly listener?: JsonObject;
    readonly listeners?: readonly JsonObject[];
    readonly more?: JsonObject;
  },
  deps: ProxyDependencies = {},
): Promise<RunningProxy> => {
  const manager = { routeConfig: routesJson(parts.routes ?? []), ...parts.manager };
  const listeners = parts.listeners ?? [httpListenerJson(manager, parts.listener)];
  const bootstrap = await bootstrapOf({
    clusters: parts.clusters,
    listeners,
    ...(parts.more && { more: parts.more }),
  });
  const proxy = await startProxy(bootstrap, deps);
  const port = proxy.listenerPort('http') ?? proxy.listenerPort('tcp') ?? 0;
  return {
    proxy,
    port,
    fetch: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    connect: () => RawClient.connect(port),
    admin: (path, init) => fetch(`http://${proxy.adminAddress ?? ''}${path}`, init),
    [Symbol.asyncDispose]: () => proxy.stop(),
  };
};

/** A route for a prefix to a cluster. */
export const routeTo = (cluster: string, prefix = '/', more: JsonObject = {}): JsonObject => ({
  name: cluster,
  match: { prefix },
  route: { cluster, timeout: '0s', ...more },
});

/** How long `eventually` waits: no healthy run needs it, not on a machine that is busy with other things either. */
const patienceMs = 30_000;

/** Waits until something holds; fails after `patienceMs`. */
export const eventually = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('condition did not come true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
