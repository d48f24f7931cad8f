import type { JsonSchema } from '../../resource-kind.ts';
import {
  array,
  atMostOneOf,
  boolean,
  double,
  extend,
  mapOf,
  nonEmptyString,
  object,
  oneOfStrings,
  string,
  stringMap,
  strings,
  uint32,
} from '../../schema/combinators.ts';
import type { Destination, PortSelector } from '../destination.ts';
import type { Percent } from '../percent.ts';
import type { PolicySelector, PolicyTargetReference, WorkloadSelector } from '../policy-target.ts';
import type { ServerTlsSettings } from '../server-tls.ts';
import type { StringMatch } from '../string-match.ts';

/** networking.istio.io StringMatch: at most one of its fields. */
export const stringMatchSchema: JsonSchema = extend(
  object<StringMatch>({ exact: string, prefix: string, regex: string }),
  atMostOneOf('exact', 'prefix', 'regex'),
);

/** StringMatches by header or parameter name. */
export const stringMatchesSchema: JsonSchema = mapOf(stringMatchSchema);

/** The value's range is checked by the semantic validators, which can say what it is a share of. */
export const percentSchema: JsonSchema = object<Percent>({ value: double });

/** networking.istio.io PortSelector. */
export const portSelectorSchema: JsonSchema = object<PortSelector>({ number: uint32 });

/** networking.istio.io Destination. */
export const destinationSchema: JsonSchema = object<Destination>(
  { host: nonEmptyString, subset: string, port: portSelectorSchema },
  ['host'],
);

/** A duration such as `1h`, `1m30s`, `0.5s`; its syntax and range are checked by the semantic validators. */
export const durationSchema: JsonSchema = string;

/** `exportTo`; its words are checked by the semantic validators. */
export const exportToSchema: JsonSchema = strings;

/** networking.istio.io WorkloadSelector (`labels`). */
export const workloadSelectorSchema: JsonSchema = object<WorkloadSelector>({ labels: stringMap });

/** type.istio.io WorkloadSelector (`matchLabels`). */
export const policySelectorSchema: JsonSchema = object<PolicySelector>({ matchLabels: stringMap });

const targetReferenceSchema: JsonSchema = object<PolicyTargetReference>(
  { group: string, kind: nonEmptyString, name: nonEmptyString, namespace: string },
  ['kind', 'name'],
);

/** type.istio.io PolicyTargetReference, at most 16 as in Istio's CRDs. */
export const targetReferencesSchema: JsonSchema = array(targetReferenceSchema, { maxItems: 16 });

/** The fields of `PolicyTarget`. */
export const policyTargetProperties: {
  readonly selector: JsonSchema;
  readonly targetRefs: JsonSchema;
  readonly targetRef: JsonSchema;
} = {
  selector: policySelectorSchema,
  targetRefs: targetReferencesSchema,
  targetRef: targetReferenceSchema,
};

const tlsProtocol = oneOfStrings('TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3');

/** networking.istio.io ServerTLSSettings. */
export const serverTlsSchema: JsonSchema = object<ServerTlsSettings>({
  httpsRedirect: boolean,
  mode: oneOfStrings(
    'PASSTHROUGH',
    'SIMPLE',
    'MUTUAL',
    'AUTO_PASSTHROUGH',
    'ISTIO_MUTUAL',
    'OPTIONAL_MUTUAL',
  ),
  serverCertificate: string,
  privateKey: string,
  caCertificates: string,
  caCrl: string,
  credentialName: string,
  credentialNames: array(string, { maxItems: 2 }),
  caCertCredentialName: string,
  tlsCertificates: array(
    object<{ serverCertificate: string; privateKey: string; caCertificates: string }>({
      serverCertificate: string,
      privateKey: string,
      caCertificates: string,
    }),
    { maxItems: 2 },
  ),
  subjectAltNames: strings,
  verifyCertificateSpki: strings,
  verifyCertificateHash: strings,
  minProtocolVersion: tlsProtocol,
  maxProtocolVersion: tlsProtocol,
  cipherSuites: strings,
  insecureSkipVerify: boolean,
});
