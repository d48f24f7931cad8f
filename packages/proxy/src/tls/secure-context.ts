import tls from 'node:tls';
import type { CertificateSource, PeerValidation, TlsSettings } from '@lateen/routing';
import { ProxyError } from '../proxy-error.ts';
import { readDataSource } from './data-source.ts';
import type { SecretStore } from './secret-store.ts';

const certificateOf = (source: CertificateSource, secrets: SecretStore) => {
  if (source.kind === 'static') {
    return { chain: readDataSource(source.chain), privateKey: readDataSource(source.privateKey) };
  }
  const secret = secrets.certificate(source.name);
  if (secret === undefined) {
    throw new ProxyError('CertificateInvalid', `secret ${source.name} has not arrived`);
  }
  return secret;
};

const authoritiesOf = (
  validation: PeerValidation | undefined,
  secrets: SecretStore,
): Buffer | undefined => {
  const ca = validation?.trustedCa;
  if (ca === undefined || ca === 'system') return undefined;
  if (ca.kind !== 'sds') return readDataSource(ca);
  const pem = secrets.authority(ca.name);
  if (pem === undefined) {
    throw new ProxyError('CertificateInvalid', `trust anchors ${ca.name} have not arrived`);
  }
  return pem;
};

interface Built {
  readonly context: tls.SecureContext;
  readonly pem: CertificatePem;
}

const build = (settings: TlsSettings, secrets: SecretStore): Built => {
  const certificates = settings.certificates.map((source) => certificateOf(source, secrets));
  const ca = authoritiesOf(settings.validation, secrets);
  const crl = settings.validation?.crl;
  const context = tls.createSecureContext({
    minVersion: settings.minVersion,
    maxVersion: settings.maxVersion,
    ...(certificates.length > 0 && {
      cert: certificates.map(({ chain }) => chain),
      key: certificates.map(({ privateKey }) => privateKey),
    }),
    ...(ca !== undefined && { ca }),
    ...(crl !== undefined && { crl: readDataSource(crl) }),
    ...(settings.cipherSuites.length > 0 && { ciphers: settings.cipherSuites.join(':') }),
    ...(settings.ecdhCurves.length > 0 && { ecdhCurve: settings.ecdhCurves.join(':') }),
  });
  const chain = certificates.map(({ chain: one }) => one.toString('latin1')).join('\n');
  const pem = { chain: chain || undefined, authority: ca?.toString('latin1') };
  return { context, pem };
};

/** What one context was made of, for `/certs`. No keys. */
export interface CertificatePem {
  readonly chain: string | undefined;
  readonly authority: string | undefined;
}

/** Contexts remembered for `/certs`; older ones are forgotten first. */
const maxRemembered = 1024;

/** Contexts by settings, built once for each version of the secrets. */
export class SecureContexts {
  readonly #secrets: SecretStore;
  readonly #built = new WeakMap<
    TlsSettings,
    { readonly context: tls.SecureContext; readonly version: number }
  >();

  readonly #remembered: CertificatePem[] = [];

  constructor(secrets: SecretStore) {
    this.#secrets = secrets;
  }

  /** What contexts were made of, oldest first. */
  get certificates(): readonly CertificatePem[] {
    return this.#remembered;
  }

  /** Throws `ProxyError` `CertificateInvalid` when something is missing or unreadable. */
  get(settings: TlsSettings): tls.SecureContext {
    const found = this.#built.get(settings);
    if (found?.version === this.#secrets.version) return found.context;
    const { version } = this.#secrets;
    try {
      const { context, pem } = build(settings, this.#secrets);
      this.#built.set(settings, { context, version });
      this.#remembered.push(pem);
      if (this.#remembered.length > maxRemembered) this.#remembered.shift();
      return context;
    } catch (cause) {
      if (cause instanceof ProxyError) throw cause;
      throw new ProxyError('CertificateInvalid', 'the certificate or key cannot be used', {
        cause,
      });
    }
  }
}
