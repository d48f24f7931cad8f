import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCertificateAuthority } from '@lateen/identity';
import { envoyArgs, lateenArgs } from './contender.ts';
import { benchHost, type ProxyParts, proxyBootstrap } from './proxy-bootstrap.ts';

/** How the two proxies of a pair talk to each other. */
export type Hop =
  | 'plaintext, keep-alive'
  | 'mutual TLS, keep-alive'
  | 'plaintext, a connection a request'
  | 'mutual TLS, a connection a request, resumed'
  | 'mutual TLS, a connection a request, full handshake';

/** All of them, in the order of the table. */
export const hops: readonly Hop[] = [
  'plaintext, keep-alive',
  'mutual TLS, keep-alive',
  'plaintext, a connection a request',
  'mutual TLS, a connection a request, resumed',
  'mutual TLS, a connection a request, full handshake',
];

/** Whether a hop is encrypted. */
export const isSecure = (hop: Hop): boolean => hop.startsWith('mutual TLS');
/** Whether connections are used for more than one request. */
export const isKept = (hop: Hop): boolean => hop.includes('keep-alive');
const isResumed = (hop: Hop): boolean => hop.endsWith('resumed');

/** A program to start. */
export interface PairProgram {
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly outputPath: string;
}

/** Two proxies in a row: the client's and the server's sidecar. */
export interface Pair {
  readonly client: PairProgram;
  readonly server: PairProgram;
}

/** Ports of a pair. */
export interface PairPorts {
  readonly client: number;
  readonly clientAdmin: number;
  readonly server: number;
  readonly serverAdmin: number;
  readonly backend: number;
}

/** Certificates of both sides in files, ECDSA P-256 as a mesh has them. */
export interface PairCertificates {
  readonly authority: string;
  /** Chain and key in one file, as HAProxy wants them. */
  readonly client: string;
  readonly server: string;
}

const hourMs = 3_600_000;
const serverName = 'outbound_.9080_._.backend.default.svc.cluster.local';

/** Makes the certificates of a run. */
export const writeCertificates = (folder: string): PairCertificates => {
  const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };
  const authority = createCertificateAuthority({ organizations: ['bench'] }, clock);
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const issue = (account: string): string => {
    const { certificate, key } = authority.issue({
      subject: {},
      altNames: [{ kind: 'uri', value: `spiffe://cluster.local/ns/default/sa/${account}` }],
      lifetimeMs: hourMs,
    });
    return write(`${account}.pem`, `${certificate}\n${key}`);
  };
  return {
    authority: write('root.pem', authority.certificate),
    client: issue('client'),
    server: issue('server'),
  };
};

const tlsContext = (
  type: 'Upstream' | 'Downstream',
  own: string,
  authority: string,
  more: object,
): object => ({
  name: 'envoy.transport_sockets.tls',
  typedConfig: {
    '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${type}TlsContext`,
    commonTlsContext: {
      tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
      tlsCertificates: [{ certificateChain: { filename: own }, privateKey: { filename: own } }],
      validationContext: {
        trustedCa: { filename: authority },
        matchTypedSubjectAltNames: [
          { sanType: 'URI', matcher: { prefix: 'spiffe://cluster.local/' } },
        ],
      },
    },
    ...more,
  },
});

interface BootstrapJson {
  staticResources: {
    listeners: { trafficDirection: string; filterChains: Record<string, unknown>[] }[];
    clusters: (Record<string, unknown> & {
      loadAssignment: { endpoints: { lbEndpoints: unknown[] }[] };
    })[];
  };
}

const httpOptions = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    commonHttpProtocolOptions: { maxRequestsPerConnection: 1 },
    explicitHttpConfig: { httpProtocolOptions: {} },
  },
};

/** A client's sidecar towards one server. */
export const clientBootstrap = (
  parts: ProxyParts,
  hop: Hop,
  certificates: PairCertificates,
): object => {
  const json = proxyBootstrap(parts) as BootstrapJson;
  for (const cluster of json.staticResources.clusters) {
    if (String(cluster['name']).includes('collector')) continue;
    for (const { lbEndpoints } of cluster.loadAssignment.endpoints) lbEndpoints.splice(1);
    if (!isKept(hop)) cluster['typedExtensionProtocolOptions'] = httpOptions;
    if (!isSecure(hop)) continue;
    const more = { sni: serverName, maxSessionKeys: isResumed(hop) ? 1 : 0 };
    const { client, authority } = certificates;
    cluster['transportSocket'] = tlsContext('Upstream', client, authority, more);
  }
  return json;
};

/** A server's sidecar. */
export const serverBootstrap = (
  parts: ProxyParts,
  hop: Hop,
  certificates: PairCertificates,
): object => {
  const json = proxyBootstrap(parts) as BootstrapJson;
  for (const listener of json.staticResources.listeners) {
    listener.trafficDirection = 'INBOUND';
    if (!isSecure(hop)) continue;
    const { server, authority } = certificates;
    const socket = tlsContext('Downstream', server, authority, { requireClientCertificate: true });
    for (const chain of listener.filterChains) chain['transportSocket'] = socket;
  }
  return json;
};

/** What takes a bootstrap: our proxy, or an Envoy without Istio's filters. */
export interface BootstrapProgram {
  readonly command: string;
  /** Its arguments with the bootstrap's file. */
  readonly argsOf: (bootstrapPath: string) => readonly string[];
  /** It has Istio's metrics. */
  readonly stats: boolean;
}

/** Our proxy; `main` is its program. */
export const lateenProgram = (main: string): BootstrapProgram => ({
  command: process.execPath,
  argsOf: (path) => lateenArgs(main, path),
  stats: true,
});

/** A stock Envoy, one worker. */
export const envoyProgram: BootstrapProgram = {
  ...{ command: 'envoy', argsOf: envoyArgs, stats: false },
};

/** The same program with a bootstrap on both sides. */
export const bootstrapPair = (
  folder: string,
  ports: PairPorts,
  hop: Hop,
  parts: { readonly program: BootstrapProgram; readonly certificates: PairCertificates },
): Pair => {
  const { command, argsOf, stats } = parts.program;
  const program = (port: number, json: object): PairProgram => {
    const path = join(folder, `${port}.json`);
    writeFileSync(path, JSON.stringify(json));
    return { command, args: argsOf(path), port, outputPath: '/dev/null' };
  };
  const client: ProxyParts = {
    listen: ports.client,
    admin: ports.clientAdmin,
    backend: ports.server,
    accessLogPath: join(folder, `client-${ports.client}.log`),
    stats,
  };
  const server: ProxyParts = {
    listen: ports.server,
    admin: ports.serverAdmin,
    backend: ports.backend,
    accessLogPath: join(folder, `server-${ports.server}.log`),
    stats,
  };
  return {
    client: program(ports.client, clientBootstrap(client, hop, parts.certificates)),
    server: program(ports.server, serverBootstrap(server, hop, parts.certificates)),
  };
};

const haproxyHead = `
global
  nbthread 1
  maxconn 4096
  ssl-server-verify none
  log fd@1 format raw local0
defaults
  mode http
  log global
  option httplog
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  option forwardfor
`;

const haproxyClient = (ports: PairPorts, hop: Hop, certificates: PairCertificates): string => {
  const { authority, client } = certificates;
  const reuse = isResumed(hop) ? '' : ' no-ssl-reuse';
  const secure = ` ssl verify required ca-file ${authority} crt ${client}`;
  return `${haproxyHead}
frontend front
  bind 127.0.0.1:${ports.client} backlog 4096
  acl service hdr(host) -i ${benchHost}
  use_backend back if service
backend back
  ${isKept(hop) ? 'option http-keep-alive' : 'option http-server-close\n  http-reuse never'}
  server one 127.0.0.1:${ports.server}${isSecure(hop) ? `${secure}${reuse}` : ''}
`;
};

const haproxyServer = (ports: PairPorts, hop: Hop, certificates: PairCertificates): string => {
  const { authority, server } = certificates;
  const secure = ` ssl crt ${server} ca-file ${authority} verify required`;
  return `${haproxyHead}
frontend front
  bind 127.0.0.1:${ports.server} backlog 4096${isSecure(hop) ? secure : ''}
  acl service hdr(host) -i ${benchHost}
  use_backend back if service
backend back
  server one 127.0.0.1:${ports.backend}
  server two 127.0.0.2:${ports.backend}
`;
};

/** HAProxy on both sides, one thread each. */
export const haproxyPair = (
  folder: string,
  ports: PairPorts,
  hop: Hop,
  certificates: PairCertificates,
): Pair => {
  const program = (port: number, config: string): PairProgram => {
    const path = join(folder, `${port}.cfg`);
    writeFileSync(path, config);
    const outputPath = join(folder, `haproxy-${port}.log`);
    return { command: 'haproxy', args: ['-db', '-f', path], port, outputPath };
  };
  return {
    client: program(ports.client, haproxyClient(ports, hop, certificates)),
    server: program(ports.server, haproxyServer(ports, hop, certificates)),
  };
};
