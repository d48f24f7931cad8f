import type { ServerTlsSettings, TlsProtocol } from '../server-tls.ts';
import { conflict, doubtful, type Findings, invalid, missing } from './finding.ts';

const versionOrder: readonly TlsProtocol[] = ['TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'];
const fileFields = ['serverCertificate', 'privateKey', 'caCertificates'] as const;

const checkVersions = (tls: ServerTlsSettings, path: string): Findings => {
  const least = versionOrder.indexOf(tls.minProtocolVersion ?? 'TLS_AUTO');
  const most = versionOrder.indexOf(tls.maxProtocolVersion ?? 'TLS_AUTO');
  return least > most && most >= 0
    ? [invalid(`${path}.minProtocolVersion`, 'must not be above maxProtocolVersion')]
    : [];
};

const usesCredential = (tls: ServerTlsSettings): boolean =>
  Boolean(tls.credentialName) || (tls.credentialNames ?? []).length > 0;

const checkCertificates = (tls: ServerTlsSettings, path: string): Findings => {
  if (tls.mode === 'ISTIO_MUTUAL')
    return [...fileFields, 'credentialName' as const]
      .filter((field) => tls[field])
      .map((field) =>
        conflict(`${path}.${field}`, 'ISTIO_MUTUAL uses the mesh certificates: leave it out'),
      );
  if (tls.mode === undefined || tls.mode === 'PASSTHROUGH' || tls.mode === 'AUTO_PASSTHROUGH')
    return [...fileFields, 'credentialName' as const]
      .filter((field) => tls[field])
      .map((field) =>
        doubtful(`${path}.${field}`, 'has no effect: TLS is passed through, not terminated'),
      );
  return checkTerminating(tls, path);
};

const checkTerminating = (tls: ServerTlsSettings, path: string): Findings => {
  if (usesCredential(tls) || (tls.tlsCertificates ?? []).length > 0) return [];
  const needed = (['serverCertificate', 'privateKey'] as const).filter((field) => !tls[field]);
  const found = needed.map((field) =>
    missing(`${path}.${field}`, `${tls.mode} TLS requires it, or a credentialName`),
  );
  const wantsCa = tls.mode === 'MUTUAL' || tls.mode === 'OPTIONAL_MUTUAL';
  return wantsCa && !tls.caCertificates && !tls.caCertCredentialName
    ? [...found, missing(`${path}.caCertificates`, `${tls.mode} TLS requires a client CA bundle`)]
    : found;
};

/** TLS settings of a Gateway server or a Sidecar ingress that speaks TLS. */
export const checkServerTls = (tls: ServerTlsSettings, path: string): Findings => [
  ...checkCertificates(tls, path),
  ...checkVersions(tls, path),
];
