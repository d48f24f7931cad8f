/** gRPC, WebSocket, CONNECT, TCP and HTTP/1.0 through real proxies with what the translator makes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import grpc from '@grpc/grpc-js';
import { WebSocket, WebSocketServer } from 'ws';
import { GrpcClient, type GrpcService, startGrpcService } from './grpc-service.ts';
import { type MeshOfProxies, meshOfProxies } from './mesh-of-proxies.ts';

const meta = (name: string) => ({ name, namespace: 'default' });

/** A service of three protocols, who calls it, and a gateway to it. */
const objects = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: meta('echo'),
    spec: {
      selector: { app: 'echo' },
      clusterIP: '10.96.0.9',
      ports: [
        { name: 'grpc', port: 7070 },
        { name: 'http', port: 8080 },
        { name: 'tcp', port: 9000 },
      ],
    },
  },
  ...['echo', 'client'].map((app) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta(app),
    spec: { template: { metadata: { labels: { app } } } },
  })),
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: meta('edge'),
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [
        { port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['echo.example.com'] },
        { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
      ],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: meta('edge'),
    spec: {
      hosts: ['echo.example.com'],
      gateways: ['edge'],
      http: [
        {
          match: [{ uri: { prefix: '/mesh.Echo/' } }],
          route: [{ destination: { host: 'echo', port: { number: 7070 } } }],
        },
        { route: [{ destination: { host: 'echo', port: { number: 8080 } } }] },
      ],
      tcp: [
        {
          match: [{ port: 9000 }],
          route: [{ destination: { host: 'echo', port: { number: 9000 } } }],
        },
      ],
    },
  },
] as never[];

let mesh: MeshOfProxies;
let service: GrpcService;
/** Port by way, then protocol. */
let ways: Readonly<
  Record<
    string,
    {
      readonly grpc: number;
      readonly http: number;
      readonly tcp: number;
      readonly authority: string;
    }
  >
>;
const closing: (() => Promise<unknown> | unknown)[] = [];

const listening = async (server: net.Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

/** The HTTP application: echoes WebSocket messages, and what a request says. */
const startHttpApp = async (): Promise<number> => {
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.setHeader('x-version', request.httpVersion);
      response.end(`${request.method} ${request.url} ${Buffer.concat(parts).toString()}`);
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  const port = await listening(server);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return port;
};

/** The TCP application: says everything it heard once the client has said its last word. */
const startTcpApp = async (): Promise<number> => {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.on('end', () => socket.end(`heard ${Buffer.concat(parts).toString()}`));
    socket.on('error', () => undefined);
  });
  const port = await listening(server);
  closing.push(() => server.close());
  return port;
};

before(async () => {
  mesh = meshOfProxies(objects);
  service = await startGrpcService();
  const { places } = mesh;
  places.set('127.0.0.1:7070', service.port);
  places.set('127.0.0.1:8080', await startHttpApp());
  places.set('127.0.0.1:9000', await startTcpApp());
  const inbound = await mesh.start({ kind: 'inbound', workload: 'echo' });
  const pod = '10.1.0.1';
  for (const port of [7070, 8080, 9000]) {
    places.set(`${pod}:${port}`, inbound.port(`${pod}_${port}`));
  }
  const sidecar = await mesh.start({ kind: 'outbound', workload: 'client' });
  const gateway = await mesh.start({ kind: 'gateway', gateway: 'edge' });
  const edge = gateway.port('0.0.0.0_8080');
  ways = {
    'two sidecars': {
      grpc: sidecar.port('0.0.0.0_7070'),
      http: sidecar.port('0.0.0.0_8080'),
      tcp: sidecar.port('10.96.0.9_9000'),
      authority: 'echo',
    },
    'the gateway and a sidecar': {
      grpc: edge,
      http: edge,
      tcp: gateway.port('0.0.0.0_9000'),
      authority: 'echo.example.com',
    },
  };
});

after(async () => {
  for (const close of closing) await close();
  await mesh[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

for (const way of ['two sidecars', 'the gateway and a sidecar']) {
  const through = () => {
    const found = ways[way];
    assert.ok(found !== undefined);
    return found;
  };
  const client = (): GrpcClient => new GrpcClient(through().grpc, through().authority);
  const limits = { timeout: 60_000 };

  test(
    `gRPC unary through ${way}: metadata, binary metadata, trailers, status`,
    limits,
    async () => {
      using echo = client();
      const metadata = new grpc.Metadata();
      metadata.set('x-key', 'value');
      metadata.set('x-key-bin', Buffer.from([0, 1, 254, 255]));
      const answer = await echo.say('hello', metadata);
      assert.equal(answer.text, 'hello');
      assert.equal(answer.status.code, grpc.status.OK);
      assert.deepEqual(answer.initial?.get('x-initial'), ['first']);
      assert.deepEqual(answer.status.metadata.get('x-echo'), ['value']);
      assert.deepEqual(answer.status.metadata.get('x-echo-bin'), [Buffer.from([0, 1, 254, 255])]);
      assert.equal(service.deadlineMs, Number.POSITIVE_INFINITY);
    },
  );

  test(`gRPC errors through ${way}: code, message and trailers`, limits, async () => {
    using echo = client();
    const metadata = new grpc.Metadata();
    metadata.set('x-key', 'kept');
    const { status, text } = await echo.say('fail', metadata);
    assert.equal(text, undefined);
    assert.equal(status.code, grpc.status.FAILED_PRECONDITION);
    assert.equal(status.details, 'as asked: äöü');
    assert.deepEqual(status.metadata.get('x-echo'), ['kept']);
  });

  test(`gRPC streams through ${way}: client, server and both`, limits, async () => {
    using echo = client();
    const many = Array.from({ length: 300 }, (_, at) => `part ${at}`);
    assert.equal(await echo.gather(many), many.join(''));
    assert.deepEqual(await echo.spell('letters'), [...'letters']);
    assert.deepEqual(await echo.talk(many.slice(0, 50)), many.slice(0, 50));
  });

  test(`gRPC deadlines and cancellation through ${way} reach the server`, limits, async () => {
    using echo = client();
    const before = service.cancelled;
    // Long enough to reach the server on a busy machine.
    const deadlineMs = 2_000;
    const deadline = Date.now() + deadlineMs;
    const { status } = await echo.say('hang', new grpc.Metadata(), { deadline });
    assert.equal(status.code, grpc.status.DEADLINE_EXCEEDED);
    assert.ok(
      service.deadlineMs > 0 && service.deadlineMs <= deadlineMs,
      `${service.deadlineMs} ms`,
    );
    await until(() => service.cancelled > before);
    assert.deepEqual(await echo.talk(['one', 'two', 'three', 'four'], 2), ['one', 'two']);
    await until(() => service.cancelled > before + 1);
  });

  test(
    `a WebSocket through ${way} echoes text and bytes, and closes with its code`,
    limits,
    async () => {
      const { http: port, authority } = through();
      const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, { headers: { host: authority } });
      await once(socket, 'open');
      const large = Buffer.alloc(1_000_000, 7);
      for (const [data, isBinary] of [
        ['hello', false],
        [large, true],
      ] as const) {
        socket.send(data);
        const [got, binary] = (await once(socket, 'message')) as [Buffer, boolean];
        assert.equal(binary, isBinary);
        assert.ok(Buffer.from(data).equals(got));
      }
      socket.close(4001, 'enough');
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, 4001);
    },
  );

  test(`Expect: 100-continue through ${way}`, limits, async () => {
    const { http: port, authority } = through();
    const headers = { host: authority, expect: '100-continue', 'content-length': 4 };
    const request = http.request({ port, host: '127.0.0.1', path: '/up', method: 'PUT', headers });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('body');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const part of response) text += String(part);
    assert.equal(text, 'PUT /up body');
  });

  test(`TCP through ${way} closes each direction for itself`, limits, async () => {
    const socket = net.connect({ port: through().tcp, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.end('the last word');
    await once(socket, 'end');
    assert.equal(text, 'heard the last word');
    socket.destroy();
  });

  test(`HTTP/1.0 through ${way}`, limits, async () => {
    const { http: port, authority } = through();
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.write(`GET /old HTTP/1.0\r\nHost: ${authority}\r\n\r\n`);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
    });
    await once(socket, 'end');
    // Istio switches HTTP/1.0 on by PILOT_HTTP10 alone.
    assert.match(text, /^HTTP\/1\.1 426 Upgrade Required\r\n/);
  });
}
