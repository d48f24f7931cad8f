/** Longest PEM text read: a chain of a few RSA 4096 certificates is a tenth of it. */
export const maxPemBytes: number = 64 * 1024;

/** One block, 64 characters a line (RFC 7468). */
export const encodePem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')}\n-----END ${label}-----\n`;

/** The blocks with one of the labels, in order; other text is skipped, as OpenSSL does. */
export const decodePem = (text: string, ...labels: readonly string[]): readonly Buffer[] => {
  if (text.length > maxPemBytes) return [];
  const blocks = text.matchAll(
    /-----BEGIN ([A-Z0-9 ]+)-----\s([A-Za-z0-9+/=\s]*)-----END \1-----/g,
  );
  return [...blocks]
    .filter(([, label = '']) => labels.includes(label))
    .map(([, , base64 = '']) => Buffer.from(base64, 'base64'));
};

/** Each certificate of a chain or bundle as a PEM of its own, in order. */
export const splitCertificates = (pem: string): readonly string[] =>
  decodePem(pem, 'CERTIFICATE').map((der) => encodePem('CERTIFICATE', der));
