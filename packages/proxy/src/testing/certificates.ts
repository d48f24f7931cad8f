import type { JsonObject } from '@bufbuild/protobuf';
import {
  type CertificateAndKey,
  type CertificateAuthority,
  createCertificateAuthority,
} from '@lateen/identity';

const hourMs = 3_600_000;

const clock = { nowMs: () => Date.now(), schedule: () => () => undefined };

/** A root for tests. */
export const testAuthority = (name = 'root'): CertificateAuthority =>
  createCertificateAuthority({ organizations: [name] }, clock);

/** A SPIFFE identity of the tests' trust domain. */
export const spiffe = (account: string, namespace = 'default'): string =>
  `spiffe://cluster.local/ns/${namespace}/sa/${account}`;

/** A workload's certificate. */
export const workload = (
  authority: CertificateAuthority,
  account: string,
  lifetimeMs: number = hourMs,
): CertificateAndKey =>
  authority.issue({
    subject: {},
    altNames: [{ kind: 'uri', value: spiffe(account) }],
    lifetimeMs,
  });

/** A server's certificate. */
export const server = (authority: CertificateAuthority, host: string): CertificateAndKey =>
  authority.issue({
    subject: { commonName: host },
    altNames: [{ kind: 'dns', value: host }],
    lifetimeMs: hourMs,
  });

/** `Secret` with a certificate, protobuf JSON. */
export const certificateSecret = (name: string, pair: CertificateAndKey): JsonObject => ({
  name,
  tlsCertificate: {
    certificateChain: { inlineString: pair.certificate },
    privateKey: { inlineString: pair.key },
  },
});

/** `Secret` with trust anchors, protobuf JSON. */
export const validationSecret = (
  name: string,
  authorities: readonly CertificateAuthority[],
  more: JsonObject = {},
): JsonObject => ({
  name,
  validationContext: {
    trustedCa: { inlineString: authorities.map(({ certificate }) => certificate).join('\n') },
    ...more,
  },
});

/** A reference to a secret of an SDS server; by ADS without one. */
export const secretConfig = (name: string, cluster?: string): JsonObject => ({
  name,
  sdsConfig:
    cluster === undefined
      ? { ads: {}, resourceApiVersion: 'V3' }
      : {
          apiConfigSource: {
            apiType: 'GRPC',
            transportApiVersion: 'V3',
            grpcServices: [{ envoyGrpc: { clusterName: cluster } }],
          },
          resourceApiVersion: 'V3',
        },
});

const context = (type: string, common: JsonObject, more: JsonObject): JsonObject => ({
  name: 'envoy.transport_sockets.tls',
  typedConfig: {
    '@type': `type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.${type}`,
    commonTlsContext: common,
    ...more,
  },
});

/** `DownstreamTlsContext` as a transport socket. */
export const downstreamTls = (common: JsonObject, more: JsonObject = {}): JsonObject =>
  context('DownstreamTlsContext', common, more);

/** `UpstreamTlsContext` as a transport socket. */
export const upstreamTls = (common: JsonObject, more: JsonObject = {}): JsonObject =>
  context('UpstreamTlsContext', common, more);

/** Certificate and trust anchors in place. */
export const commonTls = (
  pair: CertificateAndKey | undefined,
  authorities: readonly CertificateAuthority[],
  more: JsonObject = {},
): JsonObject => ({
  ...(pair && { tlsCertificates: [certificateSecret('', pair)['tlsCertificate'] as JsonObject] }),
  ...(authorities.length > 0 && {
    validationContext: {
      ...(validationSecret('', authorities)['validationContext'] as JsonObject),
    },
  }),
  ...more,
});

/** `default` and `ROOTCA` of an SDS server, as Istio names them. */
export const meshTls = (cluster: string, names: readonly JsonObject[] = []): JsonObject => ({
  tlsCertificateSdsSecretConfigs: [secretConfig('default', cluster)],
  combinedValidationContext: {
    defaultValidationContext: { matchSubjectAltNames: [...names] },
    validationContextSdsSecretConfig: secretConfig('ROOTCA', cluster),
  },
});
