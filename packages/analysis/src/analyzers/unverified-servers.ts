import type { ClientTlsSettings, DestinationRule } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { fullName, namespaceOf } from '../context/analysis-context.ts';
import { type Finding, finding } from '../finding.ts';
import {
  noServerCertificateVerificationDestinationLevel,
  noServerCertificateVerificationPortLevel,
  type UnverifiedServer,
} from '../message.ts';

const describe = (rule: DestinationRule, { mode }: ClientTlsSettings): UnverifiedServer => ({
  rule: fullName(rule),
  namespace: namespaceOf(rule),
  mode: mode ?? '',
  host: rule.spec.host,
});

/** A credential may bring its own authority, so only settings by file are looked at. */
const trustsAnyone = (tls: ClientTlsSettings | undefined): tls is ClientTlsSettings =>
  (tls?.mode === 'SIMPLE' || tls?.mode === 'MUTUAL') &&
  (tls.caCertificates ?? '') === '' &&
  (tls.credentialName ?? '') === '';

const checkRule = (rule: DestinationRule): readonly Finding[] => {
  const { tls, portLevelSettings = [] } = rule.spec.trafficPolicy ?? {};
  const top = trustsAnyone(tls)
    ? [
        finding(
          rule,
          noServerCertificateVerificationDestinationLevel(describe(rule, tls)),
          'spec.trafficPolicy.tls.mode',
        ),
      ]
    : [];
  const byPort = portLevelSettings.flatMap(({ tls: portTls, port }, index) => {
    if (!trustsAnyone(portTls)) return [];
    const text = port?.number === undefined ? '' : `number:${port.number}`;
    const message = noServerCertificateVerificationPortLevel(describe(rule, portTls), text);
    return [finding(rule, message, `spec.trafficPolicy.portLevelSettings[${index}].tls.mode`)];
  });
  return [...top, ...byPort];
};

/** TLS to a server whose certificate nothing is checked against. */
export const unverifiedServers: Analyzer = {
  name: 'destinationrule.CaCertificateAnalyzer',
  description: 'Checks if caCertificates is set when TLS mode is SIMPLE/MUTUAL',
  analyze: ({ destinationRules }) => destinationRules.flatMap(checkRule),
};
