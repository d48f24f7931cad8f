export type { DistinguishedName, SubjectAltName } from './certificate.ts';
export {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
  type IntermediateRequest,
  type IssueRequest,
  loadCertificateAuthority,
} from './certificate-authority.ts';
export { certificateUris } from './certificate-fields.ts';
export { createKeyPair, type KeyAlgorithm, type KeyPair, privateKeyPem } from './key-pair.ts';
export { splitCertificates } from './pem.ts';
export {
  createTokenAuthority,
  createTokenKey,
  type ServiceAccountIdentity,
  type TokenAuthority,
  type TokenRequest,
} from './service-account-token.ts';
export {
  type AuthorityFiles,
  readSigningMaterial,
  type SigningMaterial,
} from './signing-material.ts';
export {
  createSigningRequest,
  parseSigningRequest,
  type SigningRequest,
} from './signing-request.ts';
export { formatSpiffeId, parseSpiffeId, type SpiffeId } from './spiffe-id.ts';
export { checkTokenSignature, type TokenKey } from './token-signature.ts';
export {
  createWorkloadAuthority,
  maxLeafLifetimeMs,
  type ServerCertificate,
  type WorkloadAuthority,
} from './workload-authority.ts';
