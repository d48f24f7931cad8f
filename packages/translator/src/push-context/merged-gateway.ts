import { isHttpProtocol, type PortProtocol, parseProtocol } from '@lateen/api';
import type { Config } from '../input/config.ts';
import type { Gateway, Server } from '../input/gateway.ts';
import type { ProxyDescriptor } from '../proxy/proxy-descriptor.ts';
import { serviceInstances } from '../proxy/service-target.ts';
import { selects } from '../registry/workload.ts';
import type { PushContext } from './push-context.ts';

/** A host of a server: which namespaces' VirtualServices may bind to it. */
interface ServerHost {
  /** `*` or a namespace. */
  readonly namespace: string;
  readonly host: string;
}

/** A server of a Gateway as one proxy serves it. */
export interface MergedServer {
  /** `namespace/name` of its Gateway. */
  readonly gateway: string;
  readonly server: Server;
  /** The port the proxy listens at: the target port of its Service. */
  readonly port: number;
  /** '' is the wildcard. */
  readonly bind: string;
  readonly protocol: PortProtocol;
  readonly hosts: readonly ServerHost[];
  /** '' for servers that are not HTTP. */
  readonly routeName: string;
  /** The proxy ends TLS, or looks into it. */
  readonly tls: boolean;
}

/** Everything a gateway proxy listens at: by port and bind, and by route name. */
export interface MergedGateway {
  readonly listeners: readonly (readonly MergedServer[])[];
  readonly byRouteName: ReadonlyMap<string, readonly MergedServer[]>;
}

const terminates = ({ tls }: Server): boolean =>
  tls?.mode !== undefined && tls.mode !== 'PASSTHROUGH' && tls.mode !== 'AUTO_PASSTHROUGH';

const readHost = (entry: string, gatewayNamespace: string): ServerHost => {
  const slash = entry.indexOf('/');
  if (slash < 0) return { namespace: '*', host: entry };
  const namespace = entry.slice(0, slash);
  return {
    namespace: namespace === '.' ? gatewayNamespace : namespace,
    host: entry.slice(slash + 1),
  };
};

/** Istio's `gatewayRDSRouteName`: plaintext servers of a port share one, TLS servers have their own. */
const routeNameOf = (
  config: Config<Gateway>,
  server: Server,
  port: number,
  protocol: PortProtocol,
): string => {
  const bind = server.bind ? `.${server.bind}` : '';
  if (isHttpProtocol(protocol)) return `http.${port}${bind}`;
  if (protocol !== 'HTTPS' || !terminates(server)) return '';
  return `https.${port}.${server.port?.name ?? ''}.${config.name}.${config.namespace}${bind}`;
};

/** `resolvePort`: from the number in the Gateway to the port the proxy listens at. */
type ResolvePort = (number: number) => number;

const readServer = (
  config: Config<Gateway>,
  server: Server,
  resolvePort: ResolvePort,
): MergedServer | undefined => {
  const number = server.port?.number;
  if (number === undefined || number === 0) return undefined;
  const protocol = parseProtocol(server.port?.protocol ?? '');
  const port = resolvePort(number);
  return {
    gateway: `${config.namespace}/${config.name}`,
    server,
    port,
    bind: server.bind ?? '',
    protocol,
    hosts: server.hosts.map((entry) => readHost(entry, config.namespace)),
    routeName: routeNameOf(config, server, port, protocol),
    tls: server.tls !== undefined && !isHttpProtocol(protocol),
  };
};

const sharesHost = (one: MergedServer, other: MergedServer): boolean =>
  one.hosts.some(({ host }) => other.hosts.some((known) => known.host === host));

/**
 * Whether a server may join those already at its port and bind: plaintext HTTP joins plaintext
 * HTTP, TLS joins TLS as long as no host and no route name is taken. The oldest server decides.
 */
const mayJoin = (server: MergedServer, present: readonly MergedServer[]): boolean => {
  const [first] = present;
  if (first === undefined) return true;
  if (server.tls !== first.tls) return false;
  if (!server.tls) return isHttpProtocol(server.protocol) && isHttpProtocol(first.protocol);
  return present.every(
    (other) =>
      !sharesHost(server, other) &&
      (server.routeName === '' || server.routeName !== other.routeName),
  );
};

const portResolver = (push: PushContext, proxy: ProxyDescriptor): ResolvePort => {
  const targets = new Map<number, number>();
  for (const { port, servicePort } of serviceInstances(push, proxy)) {
    if (!targets.has(servicePort.number)) targets.set(servicePort.number, port);
  }
  return (number) => targets.get(number) ?? number;
};

/** The port a gateway's proxy listens at for a port of its Service, or of a Gateway's server. */
export const gatewayListenPort = (
  push: PushContext,
  proxy: ProxyDescriptor,
  number: number,
): number => portResolver(push, proxy)(number);

/** All Gateways that select this proxy, merged oldest first; servers that conflict are left out. */
export const mergeGateways = (push: PushContext, proxy: ProxyDescriptor): MergedGateway => {
  const resolvePort = portResolver(push, proxy);
  const byListener = new Map<string, MergedServer[]>();
  const byRouteName = new Map<string, MergedServer[]>();
  const servers = push.gateways
    .filter(({ spec }) => selects(spec.selector, proxy.labels))
    .flatMap((config) =>
      config.spec.servers.flatMap((server) => readServer(config, server, resolvePort) ?? []),
    );
  for (const server of servers) {
    const key = `${server.bind}_${server.port}`;
    const present = byListener.get(key) ?? [];
    if (!mayJoin(server, present)) continue;
    byListener.set(key, [...present, server]);
    if (server.routeName === '') continue;
    byRouteName.set(server.routeName, [...(byRouteName.get(server.routeName) ?? []), server]);
  }
  return { listeners: [...byListener.values()], byRouteName };
};

/** The hosts of a server that VirtualServices of a namespace may bind to. */
export const hostsForNamespace = (server: MergedServer, namespace: string): readonly string[] =>
  server.hosts
    .filter((entry) => entry.namespace === '*' || entry.namespace === namespace)
    .map(({ host }) => host);
