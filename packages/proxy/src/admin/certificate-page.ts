import { X509Certificate } from 'node:crypto';
import type { JsonObject } from '@bufbuild/protobuf';
import type { CertificatePem } from '../tls/secure-context.ts';

const dayMs = 86_400_000;

const details = (pem: string, path: string, nowMs: number): JsonObject => {
  const certificate = new X509Certificate(pem);
  const until = certificate.validToDate.getTime();
  const names = (certificate.subjectAltName ?? '').split(', ').flatMap((name): JsonObject[] => {
    if (name.startsWith('URI:')) return [{ uri: name.slice(4) }];
    return name.startsWith('DNS:') ? [{ dns: name.slice(4) }] : [];
  });
  return {
    path,
    serial_number: certificate.serialNumber.toLowerCase(),
    subject_alt_names: names,
    days_until_expiration: String(Math.max(0, Math.floor((until - nowMs) / dayMs))),
    valid_from: certificate.validFromDate.toISOString(),
    expiration_time: certificate.validToDate.toISOString(),
  };
};

const all = (pem: string, nowMs: number): JsonObject[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((one) =>
    details(one, '<inline>', nowMs),
  );

/** `/certs`, in the shape of `envoy.admin.v3.Certificates`: what is loaded for TLS now. */
export const certificatesJson = (
  certificates: readonly CertificatePem[],
  nowMs: number,
): JsonObject => ({
  certificates: certificates.map(({ chain, authority }) => ({
    ca_cert: authority === undefined ? [] : all(authority, nowMs),
    cert_chain: chain === undefined ? [] : all(chain, nowMs),
  })),
});
