import { createPrivateKey, X509Certificate } from 'node:crypto';

/** Whether a certificate can be served with a key now: undefined, or what is wrong. */
export const certificateProblem = (
  certificate: string,
  key: string,
  nowMs: number,
): string | undefined => {
  try {
    const read = new X509Certificate(certificate);
    if (!read.checkPrivateKey(createPrivateKey(key)))
      return 'the key is not that of the certificate';
    if (read.validToDate.getTime() < nowMs) return 'the certificate has expired';
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};
