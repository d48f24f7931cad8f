import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

/** Keys of workloads: ECDSA P-256 unless RSA is asked for (Istio's `ECC_SIGNATURE_ALGORITHM`). */
export type KeyAlgorithm = 'ecdsa-p256' | 'rsa-2048';

/** A key and its public half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  /** Secret. It stays in memory and goes to the proxy of the same process only. */
  readonly privateKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** A new key pair; RSA takes tenths of a second, in the background. */
export const createKeyPair = (algorithm: KeyAlgorithm): Promise<KeyPair> =>
  algorithm === 'ecdsa-p256'
    ? generate('ec', { namedCurve: 'P-256' })
    : generate('rsa', { modulusLength: 2048 });

/** PKCS 8 PEM; secret. */
export const privateKeyPem = (key: KeyObject): string =>
  key.export({ type: 'pkcs8', format: 'pem' }).toString();
