import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import type { JsonObject } from '@bufbuild/protobuf';
import {
  commonTls,
  downstreamTls,
  spiffe,
  testAuthority,
  upstreamTls,
  workload,
} from '../testing/certificates.ts';
import { eventually, type RunningProxy, routeTo, runProxy } from '../testing/running-proxy.ts';
import { clusterJson, httpListenerJson, routesJson } from '../testing/static-bootstrap.ts';
import { tlsGet } from '../testing/tls-client.ts';
import { httpUpstream } from '../testing/upstream.ts';

// Handshakes with an implementation that is not ours: the command line of OpenSSL, on either side.

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' });
const skip = version.status === 0 ? false : 'openssl is not installed';

const root = testAuthority('mesh');
const stranger = testAuthority('stranger');
const folder = mkdtempSync(join(tmpdir(), 'lateen-openssl-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};

const ca = file('root.pem', root.certificate);

/** Files of a certificate, as arguments. */
const identity = (name: string, authority = root, lifetimeMs?: number): readonly string[] => {
  const pair = workload(authority, name, lifetimeMs);
  const key = `${name}-${authority === root ? 'mesh' : 'stranger'}-${lifetimeMs ?? 0}`;
  return ['-cert', file(`${key}.pem`, pair.certificate), '-key', file(`${key}.key`, pair.key)];
};

let requests = 0;
const app = await httpUpstream((_request, response) => {
  requests++;
  response.end('served');
});
let server: RunningProxy;

before(async () => {
  const base = httpListenerJson({ routeConfig: routesJson([routeTo('app')]) });
  const [chain] = base['filterChains'] as [JsonObject];
  const socket = downstreamTls(
    commonTls(workload(root, 'server'), [root], {
      alpnProtocols: ['h2', 'http/1.1'],
      validationContext: {
        trustedCa: { inlineString: root.certificate },
        matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { prefix: spiffe('client') } }],
      },
    }),
    { requireClientCertificate: true },
  );
  server = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket: socket }] }],
  });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  await app[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What `openssl s_client` prints when it asks for something. */
const ask = async (options: readonly string[]): Promise<string> => {
  const child = spawn(
    'openssl',
    ['s_client', '-connect', `127.0.0.1:${server.port}`, '-CAfile', ca, '-quiet', ...options],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write('GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n');
  await once(child, 'close');
  return text;
};

test('openssl s_client with a certificate of the mesh is served', { skip }, async () => {
  for (const protocol of ['-tls1_3', '-tls1_2']) {
    assert.match(await ask([protocol, ...identity('client')]), /HTTP\/1\.1 200 OK[\s\S]*served/);
  }
});

const refusedClients: Readonly<Record<string, () => readonly string[]>> = {
  'no certificate': () => [],
  'a certificate of another root': () => identity('client', stranger),
  'another name': () => identity('other'),
  'an expired certificate': () => identity('client', root, -60_000),
  'TLS 1.1': () => ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0', ...identity('client')],
};
for (const [name, options] of Object.entries(refusedClients)) {
  test(`openssl s_client with ${name} is refused`, { skip }, async () => {
    const seen = requests;
    const text = await ask(options());
    assert.doesNotMatch(text, /HTTP\/1\.1/);
    assert.equal(requests, seen);
  });
}

const openssl = (args: readonly string[]): void => {
  const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
};

/** A revocation list of the root over these certificates. */
const revocationList = (revoked: readonly string[]): string => {
  const lines = revoked.map((pem) => {
    const serial = new X509Certificate(pem).serialNumber;
    return `R\t300101000000Z\t200101000000Z\t${serial}\tunknown\t/\n`;
  });
  file('index.txt', lines.join(''));
  file('crlnumber', '01\n');
  const settings = 'database=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=1';
  const config = file('ca.cnf', `[ca]\ndefault_ca=d\n[d]\n${settings}\n`);
  const key = file('root.key', root.key);
  openssl(['ca', '-config', config, '-gencrl', '-keyfile', key, '-cert', ca, '-out', 'crl.pem']);
  return readFileSync(join(folder, 'crl.pem'), 'utf8');
};

test('a revoked certificate is refused, others of the same root are not', { skip }, async () => {
  const [good, bad] = [workload(root, 'client'), workload(root, 'client')];
  const base = httpListenerJson({ routeConfig: routesJson([routeTo('app')]) });
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls(
    commonTls(workload(root, 'server'), [], {
      validationContext: {
        trustedCa: { inlineString: root.certificate },
        crl: { inlineString: revocationList([bad.certificate]) },
      },
    }),
    { requireClientCertificate: true },
  );
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  const ask = async (pair: typeof good): Promise<boolean> =>
    'status' in (await tlsGet({ port: running.port, authority: root, pair }));
  assert.deepEqual([await ask(good), await ask(bad)], [true, false]);
});

test('RSA and ECDSA certificates of one server: each client gets what it understands', {
  skip,
}, async () => {
  openssl(
    'req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 2 -subj /CN=rsa'.split(
      ' ',
    ),
  );
  const ecdsa = workload(root, 'server');
  const read = (name: string): JsonObject => ({
    inlineString: readFileSync(join(folder, name), 'utf8'),
  });
  const base = httpListenerJson({ routeConfig: routesJson([routeTo('app')]) });
  const [chain] = base['filterChains'] as [JsonObject];
  const transportSocket = downstreamTls({
    tlsCertificates: [
      { certificateChain: read('rsa.pem'), privateKey: read('rsa.key') },
      {
        certificateChain: { inlineString: ecdsa.certificate },
        privateKey: { inlineString: ecdsa.key },
      },
    ],
  });
  await using running = await runProxy({
    clusters: [clusterJson('app', [app.port])],
    listeners: [{ ...base, filterChains: [{ ...chain, transportSocket }] }],
  });
  const keyOf = async (sigalgs: string): Promise<string | undefined> => {
    const socket = tls.connect({
      port: running.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      sigalgs,
    });
    await once(socket, 'secureConnect');
    const type = socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType;
    socket.destroy();
    return type;
  };
  assert.deepEqual([await keyOf('RSA-PSS+SHA256'), await keyOf('ECDSA+SHA256')], ['rsa', 'ec']);
});

/** `openssl s_server` that answers `GET` with a page about the connection. */
const startServer = async (
  options: readonly string[],
): Promise<AsyncDisposable & { readonly port: number; readonly output: () => string }> => {
  const child: ChildProcess = spawn('openssl', [
    's_server',
    '-accept',
    '127.0.0.1:0',
    '-CAfile',
    ca,
    '-Verify',
    '2',
    '-verify_return_error',
    '-www',
    ...options,
  ]);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const bound = /^ACCEPT 127\.0\.0\.1:(\d+)$/m;
  await eventually(() => bound.test(text));
  return {
    port: Number(bound.exec(text)?.[1]),
    output: () => text,
    [Symbol.asyncDispose]: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    },
  };
};

const clientOf = (port: number): Promise<RunningProxy> =>
  runProxy({
    clusters: [
      clusterJson('app', [port], {
        transportSocket: upstreamTls(
          commonTls(workload(root, 'client'), [root], {
            tlsParams: { tlsMaximumProtocolVersion: 'TLSv1_3' },
            validationContext: {
              trustedCa: { inlineString: root.certificate },
              matchTypedSubjectAltNames: [{ sanType: 'URI', matcher: { exact: spiffe('server') } }],
            },
          }),
          { sni: 'outbound_.80_._.app.default.svc.cluster.local' },
        ),
      }),
    ],
    routes: [routeTo('app')],
  });

test('openssl s_server with a certificate of the mesh is asked', { skip }, async () => {
  await using upstream = await startServer(identity('server'));
  await using client = await clientOf(upstream.port);
  const response = await client.fetch('/');
  assert.equal(response.status, 200);
  assert.match(await response.text(), /client\n|Client certificate/);
});

const refusedServers: Readonly<Record<string, readonly [() => readonly string[], RegExp]>> = {
  'a certificate of another root': [
    () => identity('server', stranger),
    /CERTIFICATE_VERIFY_FAILED/,
  ],
  'another name': [() => identity('other'), /CERTIFICATE_VERIFY_FAILED:verify_SAN_list/],
  'an expired certificate': [
    () => identity('server', root, -60_000),
    /CERTIFICATE_VERIFY_FAILED:cert_has_expired/,
  ],
  'TLS 1.1': [
    () => ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0', ...identity('server')],
    /TLS_error|503/,
  ],
};
for (const [name, [options, reason]] of Object.entries(refusedServers)) {
  test(`openssl s_server with ${name} gets no request`, { skip }, async () => {
    await using upstream = await startServer(options());
    await using client = await clientOf(upstream.port);
    const response = await client.fetch('/secret');
    assert.equal(response.status, 503);
    assert.match(await response.text(), reason);
    assert.doesNotMatch(upstream.output(), /secret/);
  });
}

test('plain text gets no answer from a listener of TLS alone', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.end('GET / HTTP/1.1\r\nhost: test\r\n\r\n');
  await once(socket, 'close');
  assert.doesNotMatch(text, /HTTP/);
});
