/** 1 GiB each way through a proxy in a process of its own, whose memory stays bounded. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const gibibyte = 1_073_741_824;
const pieceBytes = 65_536;
/** A whole run of the proxy stays below; the runtime alone takes about 90 MiB. */
const maxPeakMebibytes = 320;
const limits = { timeout: 180_000 };

const program = join(dirname(fileURLToPath(import.meta.url)), '../../packages/proxy/src/main.ts');

/** Bytes that say where they are, so that none can be lost, doubled or moved unseen. */
const patterned = (total: number): Readable => {
  let at = 0;
  return new Readable({
    highWaterMark: pieceBytes * 4,
    read() {
      if (at >= total) {
        this.push(null);
        return;
      }
      const piece = Buffer.alloc(Math.min(pieceBytes, total - at), (at / pieceBytes) & 0xff);
      piece.writeDoubleBE(at, 0);
      at += piece.length;
      this.push(piece);
    },
  });
};

/** Reads such bytes; resolves with how many came in their places. */
const checked = async (source: AsyncIterable<Buffer>): Promise<number> => {
  let at = 0;
  for await (const piece of source) {
    // The first byte of a block behind its number, wherever reads happen to fall.
    const start = Math.ceil(at / pieceBytes) * pieceBytes;
    if (start + 8 <= at + piece.length) assert.equal(piece.readDoubleBE(start - at), start);
    at += piece.length;
  }
  return at;
};

const address = (port: number) => ({ socketAddress: { address: '127.0.0.1', portValue: port } });
const typed = (name: string, type: string, value: object) => ({
  name,
  typedConfig: { '@type': `type.googleapis.com/${type}`, ...value },
});
const networkFilters = 'envoy.extensions.filters.network';

const cluster = (name: string, port: number, more: object = {}) => ({
  name,
  type: 'STATIC',
  connectTimeout: '5s',
  loadAssignment: {
    clusterName: name,
    endpoints: [{ lbEndpoints: [{ endpoint: { address: address(port) } }] }],
  },
  ...more,
});

const listener = (name: string, port: number, filter: object) => ({
  name,
  address: address(port),
  filterChains: [{ filters: [filter] }],
});

const httpManager = (to: string) =>
  typed(
    'envoy.filters.network.http_connection_manager',
    `${networkFilters}.http_connection_manager.v3.HttpConnectionManager`,
    {
      statPrefix: to,
      routeConfig: {
        name: to,
        virtualHosts: [
          {
            name: to,
            domains: ['*'],
            routes: [{ match: { prefix: '/' }, route: { cluster: to, timeout: '0s' } }],
          },
        ],
      },
      httpFilters: [
        typed('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router', {}),
      ],
    },
  );

const listening = async (server: net.Server | http2.Http2Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

/** Ports nobody listens on now, each another one. */
const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => net.createServer());
  const found = await Promise.all(servers.map(listening));
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return found;
};

const stops: (() => unknown)[] = [];
let proxy: ChildProcess;
let ports: { readonly http1: number; readonly http2: number; readonly tcp: number };
/** What the last upload brought. */
let uploaded: Promise<number> = Promise.resolve(0);

/** Sends 1 GiB for a GET, and reads what a POST brings. */
const answer = (method: string | undefined, request: Readable, response: Writable): void => {
  if (method === 'GET') {
    pipeline(patterned(gibibyte), response).catch(() => undefined);
    return;
  }
  uploaded = checked(request);
  uploaded.then(() => response.end('done')).catch(() => undefined);
};

before(async () => {
  const one = http.createServer((request, response) => answer(request.method, request, response));
  const two = http2.createServer();
  two.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    answer(headers[':method'], stream, stream);
  });
  const raw = net.createServer({ allowHalfOpen: true }, (socket) => {
    uploaded = checked(socket);
    // Whoever looks whether the proxy listens sends nothing.
    uploaded.catch(() => undefined);
    pipeline(patterned(gibibyte), socket).catch(() => undefined);
  });
  const upstreams = [await listening(one), await listening(two), await listening(raw)] as const;
  const [http1 = 0, http2Port = 0, tcp = 0] = await freePorts(3);
  ports = { http1, http2: http2Port, tcp };
  const folder = await mkdtemp(join(tmpdir(), 'lateen-large-'));
  const file = join(folder, 'bootstrap.json');
  const bootstrap = {
    node: { id: 'large' },
    staticResources: {
      clusters: [
        cluster('http1', upstreams[0]),
        cluster('http2', upstreams[1], { http2ProtocolOptions: {} }),
        cluster('tcp', upstreams[2]),
      ],
      listeners: [
        listener('http1', ports.http1, httpManager('http1')),
        listener('http2', ports.http2, httpManager('http2')),
        listener(
          'tcp',
          ports.tcp,
          typed('envoy.filters.network.tcp_proxy', `${networkFilters}.tcp_proxy.v3.TcpProxy`, {
            statPrefix: 'tcp',
            cluster: 'tcp',
          }),
        ),
      ],
    },
  };
  await writeFile(file, JSON.stringify(bootstrap));
  proxy = spawn(process.execPath, [program, '-c', file], { stdio: ['pipe', 'ignore', 'inherit'] });
  stops.push(
    () => proxy.kill('SIGKILL'),
    () => one.close(),
    () => two.close(),
    () => raw.close(),
    () => rm(folder, { recursive: true }),
  );
  for (const port of Object.values(ports)) await reachable(port);
});

after(async () => {
  for (const stop of stops) await stop();
});

const reachable = async (port: number): Promise<void> => {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Greatest resident memory of the proxy so far; undefined where the system does not tell. */
const peakMebibytes = (): number | undefined => {
  try {
    const status = readFileSync(`/proc/${proxy.pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
  } catch {
    return undefined;
  }
};

const moved: Readonly<Record<string, () => Promise<void>>> = {
  'HTTP/1.1 down': async () => {
    const request = http.get({ port: ports.http1, host: '127.0.0.1', agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    assert.equal(await checked(response), gibibyte);
  },
  'HTTP/1.1 up': async () => {
    const options = { port: ports.http1, host: '127.0.0.1', method: 'POST', agent: false };
    const request = http.request(options);
    const response = once(request, 'response');
    await pipeline(patterned(gibibyte), request);
    ((await response) as [IncomingMessage])[0].resume();
    assert.equal(await uploaded, gibibyte);
  },
  'HTTP/2 down': async () => {
    const session = http2.connect(`http://127.0.0.1:${ports.http2}`);
    assert.equal(await checked(session.request({ ':path': '/' })), gibibyte);
    session.close();
  },
  'HTTP/2 up': async () => {
    const session = http2.connect(`http://127.0.0.1:${ports.http2}`);
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    stream.resume();
    await pipeline(patterned(gibibyte), stream);
    assert.equal(await uploaded, gibibyte);
    session.close();
  },
  'TCP both ways at once': async () => {
    const socket = net.connect({ port: ports.tcp, host: '127.0.0.1', allowHalfOpen: true });
    const sent = pipeline(patterned(gibibyte), socket, { end: true }).catch(() => undefined);
    assert.equal(await checked(socket), gibibyte);
    await sent;
    assert.equal(await uploaded, gibibyte);
  },
};

for (const [name, move] of Object.entries(moved)) {
  test(`1 GiB: ${name}`, limits, async (context) => {
    const startedMs = performance.now();
    await move();
    const seconds = (performance.now() - startedMs) / 1000;
    const peak = peakMebibytes();
    const speed = Math.round(1024 / seconds);
    context.diagnostic(`peak memory of the proxy ${peak} MiB, ${speed} MiB/s`);
    if (peak !== undefined) assert.ok(peak < maxPeakMebibytes, `${peak} MiB`);
  });
}
