import type { Gateway, Secret, ServerTlsSettings } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import {
  type AnalysisContext,
  type CertificateProblem,
  namespaceOf,
} from '../context/analysis-context.ts';
import { type Finding, finding } from '../finding.ts';
import { invalidGatewayCredential, referencedResourceNotFound } from '../message.ts';
import { gatewayWorkloads } from './gateway-workloads.ts';

interface PlacedCredential {
  readonly name: string;
  readonly path: string;
}

const credentials = (
  tls: ServerTlsSettings | undefined,
  path: string,
): readonly PlacedCredential[] => {
  const { credentialName = '', credentialNames = [] } = tls ?? {};
  return [
    ...(credentialName === '' ? [] : [{ name: credentialName, path: `${path}.credentialName` }]),
    ...credentialNames.map((name, index) => ({ name, path: `${path}.credentialNames[${index}]` })),
  ];
};

/** Text behind base64; undefined when it is none. A byte that is no ASCII cannot be part of PEM. */
const decoded = (base64: string | undefined): string | undefined => {
  if (base64 === undefined || base64 === '') return undefined;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const codes = [...base64.replace(/[\s=]/g, '')].map((one) => alphabet.indexOf(one));
  if (codes.includes(-1)) return undefined;
  let text = '';
  for (let index = 0; index + 1 < codes.length; index += 1) {
    const shift = (index % 4) * 2;
    if (shift === 6) continue;
    const pair = ((codes[index] ?? 0) << 6) | (codes[index + 1] ?? 0);
    text += String.fromCharCode((pair >> (4 - shift)) & 0xff);
  }
  return text;
};

const field = ({ data, stringData }: Secret, key: string): string | undefined =>
  stringData?.[key] ?? decoded(data?.[key]);

/** Whether a secret can serve: `tls.crt`/`tls.key` or `cert`/`key`, and what the caller finds in them. */
const isUsable = (secret: Secret, problem: CertificateProblem): boolean => {
  const certificate = field(secret, 'tls.crt') ?? field(secret, 'cert');
  const key = field(secret, 'tls.key') ?? field(secret, 'key');
  if (certificate === undefined || key === undefined) return false;
  return problem(certificate, key) === undefined;
};

const checkGateway = (gateway: Gateway, context: AnalysisContext): readonly Finding[] => {
  // The secret is read where the gateway runs, which need not be where its Gateway is.
  const home = gatewayWorkloads(gateway, context)[0]?.namespace;
  if (home === undefined) return [];
  return (gateway.spec.servers ?? []).flatMap(({ tls }, index) =>
    credentials(tls, `spec.servers[${index}].tls`).flatMap(({ name, path }) => {
      const secret = context.secrets.get(`${home}/${name}`);
      if (secret === undefined)
        return [finding(gateway, referencedResourceNotFound('credentialName', name), path)];
      if (isUsable(secret, context.certificateProblem)) return [];
      const message = invalidGatewayCredential(gateway.metadata.name, namespaceOf(gateway));
      return [finding(gateway, message, path)];
    }),
  );
};

/** Certificates that Gateways name exist and can be used. */
export const gatewaySecrets: Analyzer = {
  name: 'gateway.SecretAnalyzer',
  description: "Checks a gateway's referenced secrets for correctness",
  analyze: (context) => context.gateways.flatMap((gateway) => checkGateway(gateway, context)),
};
