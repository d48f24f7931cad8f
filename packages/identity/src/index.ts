export type { DistinguishedName, SubjectAltName } from './certificate.ts';
export {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
  type IssueRequest,
  loadCertificateAuthority,
} from './certificate-authority.ts';
export {
  createTokenAuthority,
  createTokenKey,
  type ServiceAccountIdentity,
  type TokenAuthority,
  type TokenRequest,
} from './service-account-token.ts';
