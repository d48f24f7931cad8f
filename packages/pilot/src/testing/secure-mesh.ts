import { create, type JsonObject } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import type { ConfigMap, KubeObject, Secret } from '@lateen/api';
import {
  createKeyPair,
  createSigningRequest,
  createTokenAuthority,
  createTokenKey,
  type KeyPair,
  privateKeyPem,
  type TokenAuthority,
} from '@lateen/identity';
import { FakeKubeClient, KubeError, type Resource, resources, systemClock } from '@lateen/kube';
import {
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateService,
} from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';
import { grpcServiceDefinition } from '../ads/grpc-service.ts';
import type { TestChannel } from './ads-test-client.ts';

const newTokens = (): TokenAuthority => createTokenAuthority(createTokenKey(), systemClock);
const tokens = newTokens();

/** An API server in memory that reviews tokens and knows which accounts may read Secrets. */
export class SecureFakeClient extends FakeKubeClient {
  /** Users that may list Secrets of their namespace. */
  readonly secretReaders: Set<string> = new Set();
  readonly #tokens: TokenAuthority;

  /** With `own`, its tokens are not those of `tokenOf`. */
  constructor(own?: 'own tokens') {
    super();
    this.#tokens = own === undefined ? tokens : newTokens();
  }

  /** A token of this server for the audience `istio-ca`. */
  tokenOf(namespace: string, name: string): Promise<string> {
    return this.#tokens.issue({
      namespace,
      name,
      audiences: ['istio-ca'],
      lifetimeMs: 3_600_000,
    });
  }

  override async create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const { spec } = object as unknown as { spec: Record<string, never> };
    if (resource.plural === 'tokenreviews') return this.#reviewToken(object, spec);
    if (resource.plural !== 'subjectaccessreviews') return super.create(resource, object);
    const { resourceAttributes, user } = spec as unknown as {
      user: string;
      resourceAttributes: { namespace: string };
    };
    const isOwn = user.startsWith(`system:serviceaccount:${resourceAttributes.namespace}:`);
    return { ...object, status: { allowed: isOwn && this.secretReaders.has(user) } };
  }

  async #reviewToken<T extends KubeObject>(object: T, spec: object): Promise<T> {
    const { token, audiences } = spec as { token: string; audiences: readonly string[] };
    if (token === 'unreachable') throw new KubeError('unreachable', 'no API server');
    const account = await this.#tokens.verify(token, audiences[0]);
    if (account === undefined) return { ...object, status: { authenticated: false } };
    const username = `system:serviceaccount:${account.namespace}:${account.name}`;
    return { ...object, status: { authenticated: true, user: { username }, audiences } };
  }
}

export const tokenOf = (
  namespace: string,
  name: string,
  audience = 'istio-ca',
  lifetimeMs = 3_600_000,
): Promise<string> => tokens.issue({ namespace, name, audiences: [audience], lifetimeMs });

export const namespaceOf = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

/** A pod that runs, at an address, as a service account. */
export const podOf = (
  [namespace, name]: readonly [string, string],
  podIP: string,
  serviceAccountName: string,
): KubeObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name },
    spec: { serviceAccountName, containers: [] },
    status: { phase: 'Running', podIP },
  }) as unknown as KubeObject;

export const secretOf = (
  namespace: string,
  name: string,
  files: Readonly<Record<string, string>>,
): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  data: Object.fromEntries(
    Object.entries(files).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  ),
});

/** `root-cert.pem` as pods of the namespace get it. */
export const rootsIn = async (client: FakeKubeClient, namespace: string): Promise<string> => {
  const ref = { name: 'istio-ca-root-cert', namespace };
  const { data } = await client.get<ConfigMap>(resources.configMaps, ref);
  return data?.['root-cert.pem'] ?? '';
};

/** What a workload shows of itself. */
export interface TestCertificate {
  readonly chain: string;
  readonly key: string;
}

/** To istiod by its own name, with a client certificate if there is one. */
export const secureChannel = (roots: string, own?: TestCertificate): TestChannel => ({
  credentials: grpc.credentials.createSsl(
    Buffer.from(roots),
    own === undefined ? null : Buffer.from(own.key),
    own === undefined ? null : Buffer.from(own.chain),
  ),
  options: { 'grpc.ssl_target_name_override': 'istiod.istio-system.svc' },
});

export interface CertificateCall {
  readonly port: number;
  readonly channel: TestChannel;
  readonly token?: string;
  /** Header `ClusterID`. */
  readonly cluster?: string;
  /** Default: a good request for the key pair. */
  readonly csr?: string;
  readonly keys?: KeyPair;
  readonly validitySeconds?: number;
  readonly metadata?: JsonObject;
}

/** CreateCertificate; rejects with the gRPC status. */
export const createCertificate = async (
  call: CertificateCall,
): Promise<TestCertificate & { readonly roots: string }> => {
  const keys = call.keys ?? (await createKeyPair('ecdsa-p256'));
  const Client = grpc.makeGenericClientConstructor(
    grpcServiceDefinition(IstioCertificateService),
    'ca',
  );
  const { credentials, options } = call.channel;
  const client = new Client(`127.0.0.1:${call.port}`, credentials, options);
  const headers = new grpc.Metadata();
  if (call.token !== undefined) headers.set('authorization', `Bearer ${call.token}`);
  if (call.cluster !== undefined) headers.set('ClusterID', call.cluster);
  const request = create(IstioCertificateRequestSchema, {
    csr: call.csr ?? createSigningRequest(keys, []),
    validityDuration: BigInt(call.validitySeconds ?? 0),
    ...(call.metadata !== undefined && { metadata: call.metadata }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<IstioCertificateResponse>();
  const method = (client as unknown as Record<string, (...args: unknown[]) => void>)[
    'createCertificate'
  ];
  method?.call(client, request, headers, (error: Error | null, value: IstioCertificateResponse) =>
    error === null ? resolve(value) : reject(error),
  );
  try {
    const { certChain } = await promise;
    const roots = certChain.at(-1) ?? '';
    return { chain: certChain.slice(0, -1).join(''), key: privateKeyPem(keys.privateKey), roots };
  } finally {
    client.close();
  }
};
