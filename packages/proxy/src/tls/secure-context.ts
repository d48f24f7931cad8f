import { constants, createHash, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type {
  CertificateIdentity,
  CertificateSource,
  DataSource,
  DownstreamTlsSettings,
  PeerValidation,
  SecretReference,
  TlsSettings,
} from '@lateen/routing';
import { ProxyError } from '../proxy-error.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import { certificateIdentity } from './connection-tls.ts';
import { readDataSource } from './data-source.ts';
import type { CertificateSecret, SecretStore, ValidationSecret } from './secret-store.ts';
import { UpstreamTlsStats } from './upstream-tls-stats.ts';

/** What one context was made of, for `/certs`. No keys. */
export interface CertificatePem {
  readonly chain: string | undefined;
  readonly authority: string | undefined;
}

/** Everything a handshake needs: the library's context and what we check ourselves. */
export interface TlsMaterial {
  readonly context: tls.SecureContext;
  /** The configured checks joined with those of the secret. */
  readonly validation: PeerValidation | undefined;
  /** The peer's chain must lead to a trust anchor. */
  readonly verifiesChain: boolean;
  readonly pem: CertificatePem;
  /** Names of our certificate; undefined when there are several to choose from. */
  readonly local: CertificateIdentity | undefined;
}

const missing = ({ name }: SecretReference): ProxyError =>
  new ProxyError('SecretMissing', `Secret is not supplied by SDS: ${name}`);

const certificateOf = (source: CertificateSource, secrets: SecretStore): CertificateSecret => {
  if (source.kind === 'static') {
    return { chain: readDataSource(source.chain), privateKey: readDataSource(source.privateKey) };
  }
  const secret = secrets.certificate(source);
  if (secret === undefined) throw missing(source);
  return secret;
};

const systemAuthorities = (): Buffer => Buffer.from(tls.getCACertificates('system').join('\n'));

type Given = DataSource | 'system' | undefined;

const givenAuthority = (ca: Given): Buffer | undefined => {
  if (ca === undefined) return undefined;
  return ca === 'system' ? systemAuthorities() : readDataSource(ca);
};

/** Trust anchors and checks, of the settings and of the secret they name. */
const validationOf = (
  settings: TlsSettings,
  secrets: SecretStore,
): { readonly secret: ValidationSecret; readonly validation: PeerValidation | undefined } => {
  const own = settings.validation;
  const ca = own?.trustedCa;
  const crl = own?.crl === undefined ? undefined : readDataSource(own.crl);
  if (own === undefined || typeof ca !== 'object' || ca.kind !== 'sds') {
    const authority = givenAuthority(ca as Given);
    return { secret: { authority, crl, validation: undefined }, validation: own };
  }
  const secret = secrets.validation(ca);
  if (secret === undefined) throw missing(ca);
  const more = secret.validation;
  return {
    secret: { ...secret, crl: secret.crl ?? crl },
    validation: more === undefined ? own : joinValidation(own, more),
  };
};

/** As the protobuf merge that Envoy does: lists are joined, flags are set by either. */
const joinValidation = (own: PeerValidation, more: PeerValidation): PeerValidation => ({
  ...own,
  subjectNames: [...own.subjectNames, ...more.subjectNames],
  spkiPins: [...own.spkiPins, ...more.spkiPins],
  certificatePins: [...own.certificatePins, ...more.certificatePins],
  allowExpired: own.allowExpired || more.allowExpired,
  acceptUntrusted: own.acceptUntrusted || more.acceptUntrusted,
});

/** What a context is made of, all of it present. */
interface Parts {
  readonly certificates: readonly CertificateSecret[];
  readonly checks: ValidationSecret;
  readonly validation: PeerValidation | undefined;
}

const partsOf = (settings: TlsSettings, secrets: SecretStore): Parts => {
  const certificates = settings.certificates.map((source) => certificateOf(source, secrets));
  const { secret, validation } = validationOf(settings, secrets);
  return { certificates, checks: secret, validation };
};

/** OpenSSL's bound on a session id context. */
const sessionContextCharacters = 32;

/** Sessions are resumed only under the certificates and trust anchors they were made under. */
const sessionContextOf = ({ certificates, checks }: Parts): string => {
  const hash = createHash('sha256');
  for (const { chain } of certificates) hash.update(chain);
  if (checks.authority !== undefined) hash.update(checks.authority);
  return hash.digest('hex').slice(0, sessionContextCharacters);
};

/** A peer that was checked stays the peer: no second handshake may bring another certificate. */
const fixedOptions = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

const withoutResumption = (settings: TlsSettings): boolean =>
  (settings as Partial<DownstreamTlsSettings>).withoutResumption === true;

const buildContext = (settings: TlsSettings, parts: Parts): tls.SecureContext => {
  const { certificates, checks } = parts;
  return tls.createSecureContext({
    secureOptions: withoutResumption(settings)
      ? fixedOptions | constants.SSL_OP_NO_TICKET
      : fixedOptions,
    minVersion: settings.minVersion,
    maxVersion: settings.maxVersion,
    sessionIdContext: sessionContextOf(parts),
    ...(certificates.length > 0 && {
      cert: certificates.map(({ chain }) => chain),
      key: certificates.map(({ privateKey }) => privateKey),
    }),
    ...(checks.authority !== undefined && {
      ca: checks.authority,
      // An intermediate that was given as an anchor is one (Envoy sets X509_V_FLAG_PARTIAL_CHAIN).
      allowPartialTrustChain: true,
    }),
    ...(checks.crl !== undefined && { crl: checks.crl }),
    ...(settings.cipherSuites.length > 0 && { ciphers: settings.cipherSuites.join(':') }),
    ...(settings.ecdhCurves.length > 0 && { ecdhCurve: settings.ecdhCurves.join(':') }),
  });
};

const buildMaterial = (parts: Parts, context: tls.SecureContext): TlsMaterial => {
  const { certificates, checks, validation } = parts;
  const chain = certificates.map(({ chain: one }) => one.toString('latin1')).join('\n');
  return {
    context,
    validation,
    verifiesChain: checks.authority !== undefined && validation?.acceptUntrusted !== true,
    pem: { chain: chain || undefined, authority: checks.authority?.toString('latin1') },
    local: localIdentity(certificates),
  };
};

const localIdentity = (
  certificates: readonly CertificateSecret[],
): CertificateIdentity | undefined => {
  const [only] = certificates;
  if (only === undefined || certificates.length > 1) return undefined;
  return certificateIdentity(new X509Certificate(only.chain));
};

/** Material with what it was made of, and the version of the secrets it was last compared with. */
interface Built {
  readonly material: TlsMaterial;
  readonly parts: Parts;
  readonly version: number;
}

/** A context that several settings use. */
interface Shared {
  readonly context: tls.SecureContext;
  readonly parts: Parts;
}

const isSame = (left: Buffer | undefined, right: Buffer | undefined): boolean =>
  left === right || (left !== undefined && right !== undefined && left.equals(right));

/** By content: files are read again whenever any secret changed. */
const makesSameContext = (left: Parts, right: Parts): boolean =>
  isSame(left.checks.authority, right.checks.authority) &&
  isSame(left.checks.crl, right.checks.crl) &&
  left.certificates.length === right.certificates.length &&
  left.certificates.every((one, at) => {
    const other = right.certificates[at];
    return isSame(one.chain, other?.chain) && isSame(one.privateKey, other?.privateKey);
  });

/** Settings that say the same share their context: all clusters of a mesh do. Undefined: none do. */
const shareKey = (settings: TlsSettings): string | undefined => {
  const { certificates, validation, minVersion, maxVersion, cipherSuites, ecdhCurves } = settings;
  const ca = validation?.trustedCa;
  const isNamed = ca === undefined || (typeof ca === 'object' && ca.kind === 'sds');
  if (!isNamed || validation?.crl !== undefined) return undefined;
  if (certificates.some(({ kind }) => kind === 'static')) return undefined;
  return JSON.stringify([
    minVersion,
    maxVersion,
    cipherSuites,
    ecdhCurves,
    certificates,
    ca,
    withoutResumption(settings),
  ]);
};

/** Contexts shared at most; settings beyond that have their own. */
const maxShared = 4096;

/** Material by settings, built once for each version of the secrets it is made of. */
export class SecureContexts {
  readonly secrets: SecretStore;
  readonly #stats: StatsRegistry;
  readonly #upstreamStats = new WeakMap<object, UpstreamTlsStats>();
  readonly #bySettings = new WeakMap<TlsSettings, Built>();
  readonly #shared = new Map<string, Shared>();

  constructor(secrets: SecretStore, stats: StatsRegistry) {
    this.secrets = secrets;
    this.#stats = stats;
  }

  /** Counters of a cluster's TLS, made when it first needs some. */
  upstreamStats(cluster: { readonly statName: string }): UpstreamTlsStats {
    const found = this.#upstreamStats.get(cluster);
    if (found !== undefined) return found;
    const made = new UpstreamTlsStats(this.#stats, cluster.statName);
    this.#upstreamStats.set(cluster, made);
    return made;
  }

  /** Throws `ProxyError`: `SecretMissing`, or `CertificateInvalid` when something is unreadable. */
  get(settings: TlsSettings): TlsMaterial {
    const { version } = this.secrets;
    const found = this.#bySettings.get(settings);
    if (found?.version === version) return found.material;
    try {
      const built = { ...this.#renew(settings, found), version };
      this.#bySettings.set(settings, built);
      return built.material;
    } catch (cause) {
      if (cause instanceof ProxyError) throw cause;
      const message = 'the certificate or key cannot be used';
      throw new ProxyError('CertificateInvalid', message, { cause });
    }
  }

  #renew(settings: TlsSettings, found: Built | undefined): Omit<Built, 'version'> {
    const parts = partsOf(settings, this.secrets);
    if (
      found !== undefined &&
      makesSameContext(found.parts, parts) &&
      found.parts.checks.validation === parts.checks.validation
    ) {
      return found;
    }
    return { material: buildMaterial(parts, this.#contextFor(settings, parts)), parts };
  }

  #contextFor(settings: TlsSettings, parts: Parts): tls.SecureContext {
    const key = shareKey(settings);
    if (key === undefined) return buildContext(settings, parts);
    const shared = this.#shared.get(key);
    if (shared !== undefined && makesSameContext(shared.parts, parts)) return shared.context;
    const context = buildContext(settings, parts);
    if (shared !== undefined || this.#shared.size < maxShared) {
      this.#shared.set(key, { context, parts });
    }
    return context;
  }

  /** Material that can be had now, for pages that show it. */
  peek(settings: TlsSettings): TlsMaterial | undefined {
    try {
      return this.get(settings);
    } catch {
      return undefined;
    }
  }
}
