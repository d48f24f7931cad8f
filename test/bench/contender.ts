import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { benchHost, type ProxyParts, proxyBootstrap } from './proxy-bootstrap.ts';

/** Ports of one run. */
export interface Ports {
  readonly backend: number;
  readonly lateen: number;
  readonly lateenAdmin: number;
  readonly withoutLog: number;
  readonly withoutLogAdmin: number;
  readonly bare: number;
  readonly bareAdmin: number;
  readonly envoy: number;
  readonly envoyAdmin: number;
  readonly haproxy: number;
  readonly nginx: number;
}

/** A server to start: the backend, or a proxy in front of it. */
export interface Contender {
  readonly name: string;
  /** Program that must be installed; undefined: comes with the repository. */
  readonly program: string | undefined;
  readonly port: number;
  readonly command: string;
  readonly args: readonly string[];
  /** File for its standard output; absent: nowhere. */
  readonly outputPath?: string;
}

const nginxBasics = (folder: string): string => `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log /dev/null crit;
events { worker_connections 4096; }
`;

const nginxTemporary = (folder: string): string =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${folder}/${kind};`)
    .join('\n');

/** Answers 100 bytes to everything. */
const backendConfig = (
  folder: string,
  { backend }: Pick<Ports, 'backend'>,
): string => `${nginxBasics(folder)}
http {
${nginxTemporary(folder)}
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  server {
    listen 127.0.0.1:${backend} backlog=4096;
    listen 127.0.0.2:${backend} backlog=4096;
    location / { default_type text/plain; return 200 "${'x'.repeat(100)}"; }
  }
}
`;

const nginxConfig = (folder: string, { backend, nginx }: Ports): string => `${nginxBasics(folder)}
http {
${nginxTemporary(folder)}
  log_format full '[$time_iso8601] "$request" $status $body_bytes_sent $request_time '
    '"$http_x_forwarded_for" "$http_user_agent" "$request_id" "$http_host" "$upstream_addr"';
  access_log ${folder}/nginx-access.log full buffer=64k flush=1s;
  keepalive_requests 1000000000;
  upstream backend {
    server 127.0.0.1:${backend};
    server 127.0.0.2:${backend};
    keepalive 128;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${nginx} backlog=4096;
    server_name ${benchHost.split(':')[0]};
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }
}
`;

const haproxyConfig = ({ backend, haproxy }: Ports): string => `
global
  nbthread 1
  maxconn 4096
  log fd@1 format raw local0
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${haproxy} backlog 4096
  unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid
  unique-id-header X-Request-Id
  option forwardfor
  acl service hdr(host) -i ${benchHost}
  acl path path_beg /
  use_backend back if service path
backend back
  balance roundrobin
  server one 127.0.0.1:${backend}
  server two 127.0.0.2:${backend}
`;

const write = (folder: string, name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const nginxAt = (folder: string, name: string, config: (folder: string) => string): string[] => {
  const own = join(folder, name);
  mkdirSync(own);
  return ['-p', own, '-c', write(own, 'nginx.conf', config(own))];
};

/** The nginx that all proxies forward to. */
export const backend = (folder: string, ports: Pick<Ports, 'backend'>): Contender => ({
  name: 'backend',
  program: 'nginx',
  port: ports.backend,
  command: 'nginx',
  args: nginxAt(folder, 'backend', (own) => backendConfig(own, ports)),
});

/** Arguments of Node for our proxy (`main`) with a bootstrap: V8's flags are those of the runtime. */
export const lateenArgs = (main: string, bootstrapPath: string): readonly string[] => [
  ...['--min-semi-space-size=16', '--max-semi-space-size=16', main, '-c', bootstrapPath],
];

/** Our proxy with a bootstrap. */
export const lateenWith = (
  folder: string,
  name: string,
  {
    main,
    port,
    bootstrap,
  }: { readonly main: string; readonly port: number; readonly bootstrap: object },
): Contender => ({
  name,
  program: undefined,
  port,
  command: process.execPath,
  args: lateenArgs(main, write(folder, `${port}.json`, JSON.stringify(bootstrap))),
});

/** Flags of a stock Envoy with a bootstrap: one worker, as our proxy has one thread. */
export const envoyArgs = (bootstrapPath: string): readonly string[] => [
  ...['-c', bootstrapPath, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'],
];

/** A stock Envoy with a bootstrap. */
export const envoyWith = (
  folder: string,
  name: string,
  { port, bootstrap }: { readonly port: number; readonly bootstrap: object },
): Contender => ({
  ...{ name, program: 'envoy', port, command: 'envoy' },
  args: envoyArgs(write(folder, `${port}.json`, JSON.stringify(bootstrap))),
});

const lateen = (folder: string, name: string, main: string, parts: ProxyParts): Contender =>
  lateenWith(folder, name, { main, port: parts.listen, bootstrap: proxyBootstrap(parts) });

/** Our proxy as a mesh configures it. */
const fullParts = (folder: string, ports: Ports): ProxyParts => ({
  listen: ports.lateen,
  admin: ports.lateenAdmin,
  backend: ports.backend,
  accessLogPath: join(folder, 'lateen-access.log'),
  stats: true,
});

/** Our proxy without its access log, and without both access log and metrics: what they cost. */
export const partContenders = (
  folder: string,
  ports: Ports,
  main: string,
): readonly Contender[] => {
  const withoutLog: ProxyParts = {
    ...fullParts(folder, ports),
    listen: ports.withoutLog,
    admin: ports.withoutLogAdmin,
    accessLogPath: undefined,
  };
  const bare = { ...withoutLog, listen: ports.bare, admin: ports.bareAdmin, stats: false };
  return [
    lateen(folder, 'Lateen, no access log', main, withoutLog),
    lateen(folder, 'Lateen, no access log, no metrics', main, bare),
  ];
};

/** The proxies to compare, ours first; `main` is its program. */
export const contenders = (folder: string, ports: Ports, main: string): readonly Contender[] => [
  lateen(folder, 'Lateen', main, fullParts(folder, ports)),
  envoyWith(folder, 'Envoy, 1 worker, no Istio metrics', {
    port: ports.envoy,
    bootstrap: proxyBootstrap({
      ...{ listen: ports.envoy, admin: ports.envoyAdmin, backend: ports.backend, stats: false },
      accessLogPath: join(folder, 'envoy-access.log'),
    }),
  }),
  {
    name: 'HAProxy, 1 thread',
    program: 'haproxy',
    port: ports.haproxy,
    command: 'haproxy',
    args: ['-db', '-f', write(folder, 'haproxy.cfg', haproxyConfig(ports))],
    // Its log goes to its output: into a file, as the others' do.
    outputPath: join(folder, 'haproxy-access.log'),
  },
  {
    name: 'nginx, 1 worker',
    program: 'nginx',
    port: ports.nginx,
    command: 'nginx',
    args: nginxAt(folder, 'nginx', (own) => nginxConfig(own, ports)),
  },
];
