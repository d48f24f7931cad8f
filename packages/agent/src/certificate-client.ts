import { readFile } from 'node:fs/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { createSigningRequest, formatSpiffeId, type KeyPair } from '@lateen/identity';
import {
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateResponseSchema,
} from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';
import { AgentError } from './agent-error.ts';
import type { CertificateSettings } from './settings.ts';

const method = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
/** istiod signs in a millisecond; what takes longer is a connection that leads nowhere. */
const timeoutMs = 10_000;

/** A certificate chain with its key, PEM; the key is secret. */
export interface Credentials {
  readonly chain: string;
  readonly key: string;
}

/** What the authority answered, PEM. */
export interface SignedCertificate {
  /** Leaf and intermediates. */
  readonly chain: string;
  /** The roots the authority knows of. */
  readonly roots: string;
}

/** Empty or missing: the request goes out with the certificate alone. */
const readToken = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
};

const messageOf = ({ code, details }: ServiceError): string => `${status[code]}: ${details}`;

const call = (client: Client, request: Uint8Array, metadata: Metadata) => {
  const { promise, resolve, reject } = Promise.withResolvers<IstioCertificateResponse>();
  client.makeUnaryRequest<Uint8Array, IstioCertificateResponse>(
    method,
    (bytes) => Buffer.from(bytes),
    (bytes) => fromBinary(IstioCertificateResponseSchema, bytes),
    request,
    metadata,
    { deadline: Date.now() + timeoutMs },
    (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else
        reject(new AgentError('no-certificate', error === null ? 'no answer' : messageOf(error)));
    },
  );
  return promise;
};

const hosts = (address: string): string => (/^\d+(\.\d+){3}:/.test(address) ? 'ipv4' : 'dns');

/** What is to be signed, and by what istiod knows us. */
export interface CertificateRequest {
  readonly settings: CertificateSettings;
  readonly keys: KeyPair;
  /** Trusted for the connection, PEM. */
  readonly roots: string;
  /** The certificate in use, if there is one that is valid: it authenticates as well as the token. */
  readonly current: Credentials | undefined;
}

/**
 * Asks istiod to sign the key (`istio.v1.auth.IstioCertificateService`), with the service account
 * token of now and the current certificate. Rejects with AgentError `no-certificate`.
 */
export const requestCertificate = async ({
  settings,
  keys,
  roots,
  current,
}: CertificateRequest): Promise<SignedCertificate> => {
  const { trustDomain, namespace, serviceAccount, clusterId, lifetimeMs } = settings;
  const token = await readToken(settings.tokenPath);
  if (token === '' && current === undefined)
    throw new AgentError('no-certificate', `there is no token in ${settings.tokenPath} yet`);
  const metadata = new Metadata();
  if (token !== '') metadata.set('authorization', `Bearer ${token}`);
  if (clusterId !== '') metadata.set('ClusterID', clusterId);
  const identity = formatSpiffeId({ trustDomain, namespace, serviceAccount });
  const request = create(IstioCertificateRequestSchema, {
    csr: createSigningRequest(keys, [{ kind: 'uri', value: identity }]),
    validityDuration: BigInt(Math.ceil(lifetimeMs / 1000)),
  });
  const own = current && { key: Buffer.from(current.key), chain: Buffer.from(current.chain) };
  const client = new Client(
    `${hosts(settings.caAddress)}:${settings.caAddress}`,
    credentials.createSsl(Buffer.from(roots), own?.key ?? null, own?.chain ?? null),
    {
      'grpc.ssl_target_name_override': settings.caName,
      'grpc.default_authority': settings.caName,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_http_proxy': 0,
    },
  );
  try {
    const bytes = toBinary(IstioCertificateRequestSchema, request);
    const { certChain } = await call(client, bytes, metadata);
    if (certChain.length < 2)
      throw new AgentError('no-certificate', 'the answer holds no chain and root');
    return { chain: certChain.slice(0, -1).join(''), roots: certChain.at(-1) ?? '' };
  } finally {
    client.close();
  }
};
