import type { KeyAlgorithm } from '@lateen/identity';
import { AgentError } from './agent-error.ts';

/** How an agent gets and keeps its certificate. Names in brackets are Istio's environment variables. */
export interface CertificateSettings {
  /** `host:port` of istiod's certificate service [`CA_ADDR`]. */
  readonly caAddress: string;
  /** Name in its certificate. */
  readonly caName: string;
  /** File with the roots of the mesh, PEM [`CA_ROOT_CA`]; read again whenever it changes. */
  readonly rootPath: string;
  /** File with the service account token for the audience `istio-ca`; read anew for each request. */
  readonly tokenPath: string;
  /** Own identity, as the request names it [`TRUST_DOMAIN`, `POD_NAMESPACE`, `SERVICE_ACCOUNT`]. */
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Cluster whose API server knows the token [`ISTIO_META_CLUSTER_ID`]; '' is the control plane's own. */
  readonly clusterId: string;
  /** Life to ask for [`SECRET_TTL`]. Default 24 h. */
  readonly lifetimeMs: number;
  /** Share of the life that is left when it is renewed [`SECRET_GRACE_PERIOD_RATIO`]. Default 0.5. */
  readonly graceRatio: number;
  /** How far the share may be off either way [`SECRET_GRACE_PERIOD_RATIO_JITTER`]. Default 0.01. */
  readonly graceJitter: number;
  /** ECDSA P-256, or RSA 2048 when `WORKLOAD_RSA_KEY_SIZE` is set and `ECC_SIGNATURE_ALGORITHM` is not. */
  readonly keyAlgorithm: KeyAlgorithm;
}

/** Istio's defaults. */
const defaultCaAddress = 'istiod.istio-system.svc:15012';
const defaultCaName = 'istiod.istio-system.svc';
const defaultRootPath = '/var/run/secrets/istio/root-cert.pem';
const defaultTokenPath = '/var/run/secrets/tokens/istio-token';

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** A Go duration: `24h0m0s`, `10s`, `1.5h`. */
const durationMs = (name: string, text: string | undefined, preset: string): number => {
  const value = text || preset;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value))
    throw new AgentError('bad-option', `${name} must be a duration such as 24h, not "${value}"`);
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    total += Number(amount) * (unitsMs[unit ?? ''] ?? 0);
  return total;
};

const ratio = (name: string, text: string | undefined, preset: number): number => {
  const value = text ? Number(text) : preset;
  if (!(value >= 0 && value <= 1))
    throw new AgentError('bad-option', `${name} must be a number from 0 to 1, not "${text}"`);
  return value;
};

/** What the command line says, which wins over the environment. */
export interface SettingFlags {
  readonly caAddress?: string | undefined;
  readonly rootPath?: string | undefined;
  readonly tokenPath?: string | undefined;
}

const readIdentity = (
  env: Readonly<Record<string, string | undefined>>,
): Pick<CertificateSettings, 'trustDomain' | 'namespace' | 'serviceAccount' | 'clusterId'> => ({
  trustDomain: env['TRUST_DOMAIN'] || 'cluster.local',
  namespace: env['POD_NAMESPACE'] || 'default',
  serviceAccount: env['SERVICE_ACCOUNT'] || 'default',
  clusterId: env['ISTIO_META_CLUSTER_ID'] || '',
});

/**
 * Reads Istio's environment variables of the container.
 * @throws AgentError `bad-option`.
 */
export const readSettings = (
  env: Readonly<Record<string, string | undefined>>,
  flags: SettingFlags = {},
): CertificateSettings => {
  const caAddress = flags.caAddress || env['CA_ADDR'] || defaultCaAddress;
  const colon = caAddress.lastIndexOf(':');
  const host = caAddress.slice(0, Math.max(0, colon));
  if (host === '' || !/^\d{1,5}$/.test(caAddress.slice(colon + 1)))
    throw new AgentError('bad-option', `CA_ADDR must be host:port, not "${caAddress}"`);
  const isName = /[a-z]/i.test(host) && !host.includes(':');
  const wantsRsa = !env['ECC_SIGNATURE_ALGORITHM'] && !!env['WORKLOAD_RSA_KEY_SIZE'];
  return {
    caAddress,
    caName: isName ? host : defaultCaName,
    rootPath: flags.rootPath || env['CA_ROOT_CA'] || defaultRootPath,
    tokenPath: flags.tokenPath || defaultTokenPath,
    ...readIdentity(env),
    lifetimeMs: durationMs('SECRET_TTL', env['SECRET_TTL'], '24h0m0s'),
    graceRatio: ratio('SECRET_GRACE_PERIOD_RATIO', env['SECRET_GRACE_PERIOD_RATIO'], 0.5),
    graceJitter: ratio(
      'SECRET_GRACE_PERIOD_RATIO_JITTER',
      env['SECRET_GRACE_PERIOD_RATIO_JITTER'],
      0.01,
    ),
    keyAlgorithm: wantsRsa ? 'rsa-2048' : 'ecdsa-p256',
  };
};
