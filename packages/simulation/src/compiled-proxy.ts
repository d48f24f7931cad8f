import type { Checked, Diagnostic } from '@lateen/base';
import {
  type ClusterTable,
  compileCluster,
  compileEndpoints,
  compileListener,
  compileRouteConfiguration,
  type EndpointTable,
  type ListenerTable,
  type RouteTable,
} from '@lateen/routing';
import {
  buildClusters,
  buildEndpoints,
  buildListeners,
  buildRoutes,
  type ProxyDescriptor,
  type PushContext,
} from '@lateen/translator';

/** A proxy's configuration as the proxy would hold it: built by the translator, compiled by the engine. */
export interface CompiledProxy {
  readonly listeners: readonly ListenerTable[];
  /** Undefined: the proxy refused it. */
  route(name: string): RouteTable | undefined;
  cluster(name: string): ClusterTable | undefined;
  endpoints(cluster: ClusterTable): EndpointTable | undefined;
  /** What was refused so far, and why: each of it would be a NACK. */
  readonly refused: readonly Diagnostic[];
}

/** Keeps what compiles and notes what does not. */
class Acceptance {
  readonly refused: Diagnostic[] = [];

  accept<T>(name: string, { value, diagnostics }: Checked<T>): T | undefined {
    for (const found of diagnostics) {
      if (found.severity === 'error') this.refused.push({ ...found, object: name });
    }
    return value;
  }
}

const memo = <T>(make: (name: string) => T): ((name: string) => T) => {
  const known = new Map<string, T>();
  return (name) => {
    if (!known.has(name)) known.set(name, make(name));
    return known.get(name) as T;
  };
};

/** Builds and compiles what a proxy would be sent; routes and endpoints only when asked for. */
const compileProxy = (push: PushContext, proxy: ProxyDescriptor): CompiledProxy => {
  const acceptance = new Acceptance();
  const clusters = new Map(buildClusters(push, proxy).map((one) => [one.name, one.message]));
  const listeners = buildListeners(push, proxy).flatMap(({ name, message }) => {
    const table = acceptance.accept(`listener ${name}`, compileListener(message));
    return table === undefined ? [] : [table];
  });
  const endpoints = memo((name) => {
    const [resource] = buildEndpoints(push, proxy, [name]);
    return resource && acceptance.accept(`endpoints ${name}`, compileEndpoints(resource.message));
  });
  return {
    listeners,
    refused: acceptance.refused,
    route: memo((name) => {
      const [resource] = buildRoutes(push, proxy, [name]);
      const checked = resource && compileRouteConfiguration(resource.message);
      return checked && acceptance.accept(`route configuration ${name}`, checked);
    }),
    cluster: memo((name) => {
      const message = clusters.get(name);
      return message && acceptance.accept(`cluster ${name}`, compileCluster(message));
    }),
    endpoints: ({ discovery, endpoints: own }) =>
      discovery.kind === 'eds' ? endpoints(discovery.serviceName) : own,
  };
};

/** What a proxy runs, as its `/config_dump` has it (Envoy's messages). */
export interface RunningConfiguration {
  readonly listeners: readonly Parameters<typeof compileListener>[0][];
  readonly routes: readonly Parameters<typeof compileRouteConfiguration>[0][];
  readonly clusters: readonly Parameters<typeof compileCluster>[0][];
  readonly endpoints: readonly Parameters<typeof compileEndpoints>[0][];
}

/** The configuration that a proxy runs, compiled: whatever its control plane would send it by now. */
export const compileRunning = (running: RunningConfiguration): CompiledProxy => {
  const acceptance = new Acceptance();
  const routes = new Map(running.routes.map((one) => [one.name, one]));
  const clusters = new Map(running.clusters.map((one) => [one.name, one]));
  const assignments = new Map(running.endpoints.map((one) => [one.clusterName, one]));
  const endpoints = memo((name) => {
    const message = assignments.get(name);
    return message && acceptance.accept(`endpoints ${name}`, compileEndpoints(message));
  });
  return {
    listeners: running.listeners.flatMap(
      (one) => acceptance.accept(`listener ${one.name}`, compileListener(one)) ?? [],
    ),
    refused: acceptance.refused,
    route: memo((name) => {
      const message = routes.get(name);
      const checked = message && compileRouteConfiguration(message);
      return checked && acceptance.accept(`route configuration ${name}`, checked);
    }),
    cluster: memo((name) => {
      const message = clusters.get(name);
      return message && acceptance.accept(`cluster ${name}`, compileCluster(message));
    }),
    endpoints: ({ discovery, endpoints: own }) =>
      discovery.kind === 'eds' ? endpoints(discovery.serviceName) : own,
  };
};

const known = new WeakMap<PushContext, Map<string, CompiledProxy>>();

/** Proxies of one push context to remember: a question asks of its caller and of a few destinations. */
const maxProxies = 64;

/** The same, remembered while the push context lives. */
export const compiledProxyOf = (push: PushContext, proxy: ProxyDescriptor): CompiledProxy => {
  const proxies = known.get(push) ?? new Map<string, CompiledProxy>();
  known.set(push, proxies);
  const { id, clusterId, interceptionMode, holdsCertificate } = proxy;
  const key = `${id} ${clusterId} ${interceptionMode} ${holdsCertificate}`;
  const found = proxies.get(key);
  if (found !== undefined) return found;
  if (proxies.size >= maxProxies) proxies.clear();
  const compiled = compileProxy(push, proxy);
  proxies.set(key, compiled);
  return compiled;
};
