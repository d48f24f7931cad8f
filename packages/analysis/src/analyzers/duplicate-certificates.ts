import { type Gateway, hasLabels, type ServerTlsSettings } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { fullName } from '../context/analysis-context.ts';
import { finding } from '../finding.ts';
import { gatewayDuplicateCertificate } from '../message.ts';

const isSet = (text: string | undefined): text is string => text !== undefined && text !== '';

/** Same credential, or same files. */
const isSameCertificate = (a: ServerTlsSettings, b: ServerTlsSettings): boolean => {
  if (isSet(a.credentialName) || isSet(b.credentialName))
    return isSet(a.credentialName) && a.credentialName === b.credentialName;
  return (
    isSet(a.serverCertificate) &&
    isSet(a.privateKey) &&
    a.serverCertificate === b.serverCertificate &&
    a.privateKey === b.privateKey
  );
};

const tlsOf = ({ spec }: Gateway): readonly ServerTlsSettings[] =>
  (spec.servers ?? []).map(({ tls }) => tls).filter((tls) => tls !== undefined);

/** Browsers reuse an HTTP/2 connection for another host of the same certificate, which the other Gateway does not know. */
export const duplicateCertificates: Analyzer = {
  name: 'gateway.CertificateAnalyzer',
  description: 'Checks a gateway certificate',
  analyze: ({ gateways }) =>
    gateways.flatMap((gateway) =>
      gateways
        .filter((other) => other !== gateway)
        .filter((other) => hasLabels(other.spec.selector, gateway.spec.selector ?? {}))
        .filter((other) => {
          const theirs = tlsOf(other);
          return tlsOf(gateway).some((tls) => theirs.some((one) => isSameCertificate(tls, one)));
        })
        .map((other) =>
          finding(
            gateway,
            gatewayDuplicateCertificate([fullName(gateway), fullName(other)]),
            'metadata.name',
          ),
        ),
    ),
};
