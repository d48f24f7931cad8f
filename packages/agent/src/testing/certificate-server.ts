import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '@lateen/base';
import {
  createCertificateAuthority,
  createKeyPair,
  createWorkloadAuthority,
  parseSigningRequest,
  readSigningMaterial,
  type WorkloadAuthority,
} from '@lateen/identity';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';

const definition: ServiceDefinition = {
  createCertificate: {
    path: '/istio.v1.auth.IstioCertificateService/CreateCertificate',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message) => Buffer.from(toBinary(IstioCertificateRequestSchema, message)),
    requestDeserialize: (bytes) => fromBinary(IstioCertificateRequestSchema, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(IstioCertificateResponseSchema, message)),
    responseDeserialize: (bytes) => fromBinary(IstioCertificateResponseSchema, bytes),
  },
};

type Call = ServerUnaryCall<IstioCertificateRequest, IstioCertificateResponse>;

/** An authority of its own for tests. */
export const authorityOf = (name: string, clock: Clock): WorkloadAuthority => {
  const root = createCertificateAuthority({ organizations: [name] }, clock);
  const files = { 'ca-cert.pem': root.certificate, 'ca-key.pem': root.key };
  const { value } = readSigningMaterial(files, clock.nowMs());
  if (value === undefined) throw new Error('the authority cannot be read');
  return createWorkloadAuthority(value, clock);
};

/** A certificate service over TLS that signs for every caller with a token, and notes the tokens. */
export class CertificateServer {
  readonly #server = new Server();
  /** Signs; may be replaced. */
  authority: WorkloadAuthority;
  readonly tokens: string[] = [];
  /** Whose token each call showed, as it says. */
  readonly clusters: string[] = [];
  /** Calls that are still to be refused. */
  refusals = 0;
  #answered = 0;
  readonly #waiting = new Set<() => void>();

  constructor(authority: WorkloadAuthority) {
    this.authority = authority;
    this.#server.addService(definition, {
      createCertificate: (call: Call, callback: sendUnaryData<IstioCertificateResponse>) =>
        this.#answer(call, callback),
    });
  }

  async listen(): Promise<number> {
    const keys = await createKeyPair('ecdsa-p256');
    const { chain, key } = this.authority.signServer(keys, ['istiod.istio-system.svc']);
    const pair = { cert_chain: Buffer.from(chain), private_key: Buffer.from(key) };
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.bindAsync(
      '127.0.0.1:0',
      ServerCredentials.createSsl(null, [pair]),
      (error, port) => (error === null ? resolve(port) : reject(error)),
    );
    return promise;
  }

  /** Resolves after so many calls in all. */
  async calls(count: number): Promise<void> {
    while (this.#answered < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  close(): void {
    this.#server.forceShutdown();
  }

  #answer(call: Call, callback: sendUnaryData<IstioCertificateResponse>): void {
    this.tokens.push(String(call.metadata.get('authorization')[0] ?? ''));
    this.clusters.push(String(call.metadata.get('clusterid')[0] ?? ''));
    this.#answered += 1;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    if (this.refusals > 0) {
      this.refusals -= 1;
      callback({ code: status.UNAVAILABLE, details: 'not now' });
      return;
    }
    const { value } = parseSigningRequest(call.request.csr);
    if (value === undefined) {
      callback({ code: status.INVALID_ARGUMENT, details: 'no request' });
      return;
    }
    const identity = { trustDomain: 'cluster.local', namespace: 'default', serviceAccount: 'web' };
    const lifetimeMs = Number(call.request.validityDuration) * 1000;
    const chain = this.authority.signWorkload(value.publicKey, identity, lifetimeMs);
    const certChain = [...chain, this.authority.roots.join('')];
    callback(null, create(IstioCertificateResponseSchema, { certChain }));
  }
}
