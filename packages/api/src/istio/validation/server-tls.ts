import { isCipherSuite } from '../cipher-suite.ts';
import type { ServerTlsSettings, TlsProtocol } from '../server-tls.ts';
import { conflict, doubtful, type Findings, forEachItem, invalid, missing } from './finding.ts';

const versionOrder: readonly TlsProtocol[] = ['TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'];

/** Fields that say which certificates are used. */
const certificateFields = [
  'serverCertificate',
  'privateKey',
  'caCertificates',
  'tlsCertificates',
  'credentialName',
  'credentialNames',
] as const;

/** More than an RSA and an ECDSA certificate are of no use. */
const maxCertificates = 2;

const isSet = (value: string | readonly unknown[] | undefined): boolean =>
  value !== undefined && value.length > 0;

const checkVersions = (tls: ServerTlsSettings, path: string): Findings => {
  const { minProtocolVersion = 'TLS_AUTO', maxProtocolVersion = 'TLS_AUTO' } = tls;
  const least = versionOrder.indexOf(minProtocolVersion);
  const most = versionOrder.indexOf(maxProtocolVersion);
  const at = `${path}.minProtocolVersion`;
  if (least > most && most >= 0) return [invalid(at, 'must not be above maxProtocolVersion')];
  const isOld = minProtocolVersion === 'TLSV1_0' || minProtocolVersion === 'TLSV1_1';
  return isOld && !isSet(tls.cipherSuites)
    ? [
        doubtful(
          at,
          'versions below 1.2 need cipherSuites of their own: the default ones have none',
        ),
      ]
    : [];
};

const checkCipherSuites = ({ cipherSuites = [] }: ServerTlsSettings, path: string): Findings =>
  forEachItem(cipherSuites, `${path}.cipherSuites`, (suite, at, index) => {
    if (!isCipherSuite(suite)) return [doubtful(at, `"${suite}" is not known and left out`)];
    return cipherSuites.indexOf(suite) < index ? [doubtful(at, `"${suite}" is there twice`)] : [];
  });

const sourceCount = (tls: ServerTlsSettings): number =>
  [
    isSet(tls.serverCertificate) && isSet(tls.privateKey),
    isSet(tls.credentialName),
    isSet(tls.credentialNames),
    isSet(tls.tlsCertificates),
  ].filter(Boolean).length;

const checkCertificates = (tls: ServerTlsSettings, path: string): Findings => {
  const { mode = 'PASSTHROUGH' } = tls;
  const given = certificateFields.filter((field) => isSet(tls[field]));
  if (mode === 'ISTIO_MUTUAL') {
    return given.map((field) =>
      conflict(`${path}.${field}`, 'ISTIO_MUTUAL uses the mesh certificates: leave it out'),
    );
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    return given.map((field) =>
      doubtful(`${path}.${field}`, 'has no effect: TLS is passed through, not terminated'),
    );
  }
  const oneSource =
    sourceCount(tls) > 1
      ? [
          conflict(
            path,
            'only one of credentialName, credentialNames, tlsCertificates and serverCertificate with privateKey can be set',
          ),
        ]
      : [];
  return [...oneSource, ...checkTerminating(tls, path)];
};

const checkPair = (
  pair: { readonly serverCertificate?: string; readonly privateKey?: string },
  path: string,
  mode: string,
): Findings =>
  (['serverCertificate', 'privateKey'] as const)
    .filter((field) => !pair[field])
    .map((field) => missing(`${path}.${field}`, `${mode} TLS requires it, or a credentialName`));

const checkTerminating = (tls: ServerTlsSettings, path: string): Findings => {
  if (isSet(tls.credentialName) || isSet(tls.credentialNames)) return [];
  const { mode = 'SIMPLE', tlsCertificates = [] } = tls;
  const pairs =
    tlsCertificates.length > 0
      ? forEachItem(tlsCertificates, `${path}.tlsCertificates`, (pair, at) =>
          checkPair(pair, at, mode),
        )
      : checkPair(tls, path, mode);
  const many =
    tlsCertificates.length > maxCertificates
      ? [doubtful(`${path}.tlsCertificates`, `more than ${maxCertificates} have no effect`)]
      : [];
  const wantsCa = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const roots =
    wantsCa && !tls.caCertificates && !tls.caCertCredentialName
      ? [missing(`${path}.caCertificates`, `${mode} TLS requires a client CA bundle`)]
      : [];
  return [...pairs, ...many, ...roots];
};

const checkRevocation = ({ caCrl, credentialName, mode }: ServerTlsSettings, path: string) => {
  if (!caCrl) return [];
  const at = `${path}.caCrl`;
  return [
    ...(credentialName
      ? [conflict(at, 'has to be in the credential (ca.crl) when there is a credentialName')]
      : []),
    ...(mode === 'SIMPLE' ? [conflict(at, 'SIMPLE TLS asks clients for no certificate')] : []),
  ];
};

/** TLS settings of a Gateway server or a Sidecar ingress that speaks TLS. */
export const checkServerTls = (tls: ServerTlsSettings, path: string): Findings => [
  ...checkCertificates(tls, path),
  ...checkRevocation(tls, path),
  ...checkVersions(tls, path),
  ...checkCipherSuites(tls, path),
];
