import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Service } from '@lateen/api';
import { connectTcp } from '../network/tcp-relay.ts';
import { reasonOf } from '../runtime-error.ts';

/** Connections to services kept open for a pod, and the most it has at a time. */
const maxSockets = 256;
/** Hop-by-hop fields of RFC 9110 section 7.6.1 that a proxy must not pass on. */
const hopByHop = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

const serviceSuffixes = ['.svc.cluster.local', '.svc', ''];

/** `name`, `name.namespace`, with `.svc` or `.svc.cluster.local` behind: as cluster DNS with a pod's search path. */
export const findService = (
  host: string,
  namespace: string,
  services: readonly Service[],
): Service | undefined => {
  const suffix = serviceSuffixes.find((ending) => host.endsWith(ending)) ?? '';
  const [name, inNamespace = namespace, ...rest] = host
    .slice(0, host.length - suffix.length)
    .split('.');
  if (rest.length > 0) return undefined;
  return services.find(
    ({ metadata }) => metadata.name === name && metadata.namespace === inNamespace,
  );
};

export interface ForwardProxyOptions {
  readonly host: string;
  readonly port: number;
  /** Of the pod, for names without one. */
  readonly namespace: string;
  readonly services: () => readonly Service[];
}

/** An HTTP proxy for the apps of one pod. */
export interface ForwardProxy {
  close(): void;
}

const fields = (headers: IncomingMessage['headers']): http.OutgoingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));

/**
 * Resolves the names of services to their ClusterIPs for programs that use `http_proxy`, and passes
 * everything else on as it is: what DNS does in a cluster, without a DNS. ClusterIPs balance.
 * Rejects with the operating system's error when the address cannot be had.
 */
export const openForwardProxy = async (options: ForwardProxyOptions): Promise<ForwardProxy> => {
  const agent = new http.Agent({ keepAlive: true, maxSockets, scheduling: 'lifo' });
  const addressOf = (host: string): string => {
    const service = findService(host, options.namespace, options.services());
    if (service?.spec?.type === 'ExternalName') return service.spec.externalName ?? host;
    const address = service?.spec?.clusterIP;
    return address === undefined || address === 'None' ? host : address;
  };
  const server = http.createServer((request, response) => {
    forwardRequest(request, response, { agent, addressOf });
  });
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    void openTunnel(request, client, { head, addressOf });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ host: options.host, port: options.port, exclusive: true }, resolve);
  await promise;
  return {
    close: () => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
};

interface Upstream {
  readonly agent: http.Agent;
  readonly addressOf: (host: string) => string;
}

const forwardRequest = (
  request: IncomingMessage,
  response: ServerResponse,
  { agent, addressOf }: Upstream,
): void => {
  const url = URL.parse(request.url ?? '');
  if (url?.protocol !== 'http:') {
    response
      .writeHead(400)
      .end('this is an HTTP proxy: the request needs an absolute http:// URL\n');
    return;
  }
  const upstream = http.request({
    agent,
    host: addressOf(url.hostname),
    port: url.port === '' ? 80 : Number(url.port),
    method: request.method,
    path: url.pathname + url.search,
    headers: { ...fields(request.headers), host: url.host },
  });
  upstream.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, fields(answer.headers));
    answer.pipe(response);
    answer.on('error', () => response.destroy());
  });
  upstream.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(503).end(`cannot reach ${url.host}: ${error.message}\n`);
  });
  response.on('close', () => upstream.destroy());
  request.pipe(upstream);
};

const openTunnel = async (
  request: IncomingMessage,
  client: Duplex,
  { head, addressOf }: { readonly head: Buffer; readonly addressOf: (host: string) => string },
): Promise<void> => {
  client.on('error', () => undefined);
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? [];
  try {
    const server = await connectTcp({ host: addressOf(host), port: Number(port) });
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    server.write(head);
    server.on('error', () => client.destroy());
    client.on('close', () => server.destroy());
    server.pipe(client).pipe(server);
  } catch (error) {
    client.end(`HTTP/1.1 503 Service Unavailable\r\n\r\n${reasonOf(error)}\n`);
  }
};
