import { createPrivateKey, X509Certificate } from 'node:crypto';
import { clone, fromBinary, toBinary } from '@bufbuild/protobuf';
import { formatDiagnostic } from '@lateen/base';
import { compileSecret, type PeerValidation, type StaticCertificate } from '@lateen/routing';
import {
  type Secret,
  SecretSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import { readDataSource } from './data-source.ts';
import type { CertificateSecret, SecretStore, ValidationSecret } from './secret-store.ts';

/** Envoy's placeholder. */
const redacted = new TextEncoder().encode('[redacted]');

/** The secret as pages may show it: no keys, no passwords. */
export const redactSecret = (bytes: Uint8Array): Uint8Array => {
  const secret = clone(SecretSchema, fromBinary(SecretSchema, bytes));
  const hide = <Source extends { specifier: unknown }>(source: Source | undefined): void => {
    if (source !== undefined) source.specifier = { case: 'inlineBytes', value: redacted };
  };
  const { type } = secret;
  if (type.case === 'tlsCertificate') {
    hide(type.value.privateKey);
    hide(type.value.password);
    hide(type.value.pkcs12);
    type.value.privateKeyProvider = undefined;
  } else if (type.case === 'genericSecret') hide(type.value.secret);
  else if (type.case === 'sessionTicketKeys') for (const key of type.value.keys) hide(key);
  return toBinary(SecretSchema, secret);
};

/** Throws when the chain or the key cannot be used, or do not belong together. */
const readCertificate = ({ chain, privateKey }: StaticCertificate): CertificateSecret => {
  const secret = { chain: readDataSource(chain), privateKey: readDataSource(privateKey) };
  const certificate = new X509Certificate(secret.chain);
  if (!certificate.checkPrivateKey(createPrivateKey(secret.privateKey))) {
    throw new Error('the private key does not belong to the certificate');
  }
  return secret;
};

const certificatePattern = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

const readValidation = (validation: PeerValidation): ValidationSecret => {
  const { trustedCa: ca, crl } = validation;
  const given = typeof ca === 'object' && ca.kind !== 'sds' ? readDataSource(ca) : undefined;
  if (given !== undefined) {
    const all = given.toString('latin1').match(certificatePattern);
    if (all === null) throw new Error('trusted_ca holds no certificate');
    for (const one of all) new X509Certificate(one);
  }
  return { authority: given, crl: crl === undefined ? undefined : readDataSource(crl), validation };
};

const isSameBuffer = (left: Buffer | undefined, right: Buffer | undefined): boolean =>
  left === right || (left !== undefined && right !== undefined && left.equals(right));

/** A secret to put in. */
export interface IncomingSecret {
  readonly name: string;
  /** The serialized message. */
  readonly bytes: Uint8Array;
  /** Cluster it came from; empty: ADS or the bootstrap. */
  readonly server: string;
}

const apply = (store: SecretStore, message: Secret, { name, server }: IncomingSecret): void => {
  const { value, diagnostics } = compileSecret(message);
  if (value === undefined) throw new Error(diagnostics.map(formatDiagnostic).join('; '));
  const reference = { kind: 'sds', name, server } as const;
  if (value.kind === 'certificate') {
    const secret = readCertificate(value.certificate);
    const before = store.certificate(reference);
    const isSame =
      isSameBuffer(before?.chain, secret.chain) &&
      isSameBuffer(before?.privateKey, secret.privateKey);
    if (!isSame) store.putCertificate(name, secret, server);
  } else if (value.kind === 'validation') {
    store.putValidation(name, readValidation(value.validation), server);
  }
};

/** Puts a secret into the store; the reason when it cannot be used, and then what was there stays. */
export const applySecret = (store: SecretStore, incoming: IncomingSecret): string | undefined => {
  try {
    apply(store, fromBinary(SecretSchema, incoming.bytes), incoming);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
