/**
 * Certificates issued per second of one CPU (so that a busy machine counts the same): reading and
 * signing a request alone, and istiod's CreateCertificate over TLS with client and server in one
 * process. Run: `node bin/run.mjs test/bench/certificates.ts`.
 */
import { setImmediate } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ConfigMap, KubeObject } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import {
  createCertificateAuthority,
  createKeyPair,
  createSigningRequest,
  createWorkloadAuthority,
  type KeyAlgorithm,
  parseSigningRequest,
  readSigningMaterial,
} from '@lateen/identity';
import { FakeKubeClient, type Resource, resources, systemClock } from '@lateen/kube';
import { startPilot } from '@lateen/pilot';
import {
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';
import { median } from './median.ts';

const rounds = 5;
const signaturesPerRound = 2_000;
const callsPerRound = 1_000;
/** Calls in flight on the one connection. */
const concurrency = 16;

const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'web' };

const perCpuSecond = (count: number, start: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(start);
  return (count * 1_000_000) / (user + system);
};

/** Reading the request, proof of possession, and the signature. */
const measureSigning = async (algorithm: KeyAlgorithm): Promise<number> => {
  const root = createCertificateAuthority({ organizations: ['bench'] }, systemClock, algorithm);
  const files = { 'ca-cert.pem': root.certificate, 'ca-key.pem': root.key };
  const { value: material } = readSigningMaterial(files, Date.now());
  if (material === undefined) throw new Error('the authority cannot be read');
  const authority = createWorkloadAuthority(material, systemClock);
  const csr = createSigningRequest(await createKeyPair(algorithm), []);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    for (let count = 0; count < signaturesPerRound; count++) {
      const { value } = parseSigningRequest(csr);
      if (value === undefined) throw new Error('the request was refused');
      authority.signWorkload(value.publicKey, identity);
    }
    rates.push(perCpuSecond(signaturesPerRound, start));
  }
  return median(rates);
};

/** An API server in memory that believes every token. */
class BelievingClient extends FakeKubeClient {
  override async create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    if (resource.plural !== 'tokenreviews') return super.create(resource, object);
    const user = { username: 'system:serviceaccount:default:web' };
    const status = { authenticated: true, audiences: ['istio-ca'], user };
    return { ...object, status } as T;
  }
}

const measureService = async (): Promise<number> => {
  const client = new BelievingClient();
  await client.create(resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
  });
  const pilot = await startPilot({
    client,
    clock: systemClock,
    log: silentLogger,
    jitter: () => 0,
    secureAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    podName: 'istiod-0',
    yieldTurn: () => setImmediate(),
    ...{ connect: () => client },
  });
  let roots = '';
  while (roots === '') {
    await setImmediate();
    const { items } = await client.list<ConfigMap>(resources.configMaps);
    roots = items[0]?.data?.['root-cert.pem'] ?? '';
  }
  const channel = new Client(
    `127.0.0.1:${pilot.securePort}`,
    credentials.createSsl(Buffer.from(roots)),
    { 'grpc.ssl_target_name_override': 'istiod.istio-system.svc' },
  );
  const metadata = new Metadata();
  metadata.set('authorization', 'Bearer bench');
  const csr = createSigningRequest(await createKeyPair('ecdsa-p256'), []);
  const bytes = Buffer.from(
    toBinary(IstioCertificateRequestSchema, create(IstioCertificateRequestSchema, { csr })),
  );
  const call = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    channel.makeUnaryRequest<Buffer, IstioCertificateResponse>(
      '/istio.v1.auth.IstioCertificateService/CreateCertificate',
      (message) => message,
      (answer) => fromBinary(IstioCertificateResponseSchema, answer),
      bytes,
      metadata,
      (error) => (error === null ? resolve() : reject(error)),
    );
    return promise;
  };
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    let left = callsPerRound;
    const worker = async (): Promise<void> => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    rates.push(perCpuSecond(callsPerRound, start));
  }
  channel.close();
  await pilot.close();
  return median(rates);
};

const row = (name: string, rate: number): string =>
  `${name.padEnd(48)} ${Math.round(rate)} per CPU second\n`;

process.stdout.write(
  row('request read and signed, ECDSA P-256', await measureSigning('ecdsa-p256')),
);
process.stdout.write(row('request read and signed, RSA 2048', await measureSigning('rsa-2048')));
process.stdout.write(row('CreateCertificate over TLS, client and server', await measureService()));
