import { boolean, labels, list, message, port, type Reader, text, word } from './reader.ts';

/** networking.istio.io Gateway.spec. */
export interface Gateway {
  readonly servers: readonly Server[];
  readonly selector: ReadonlyMap<string, string>;
}

/** `Server` of a Gateway. */
export interface Server {
  readonly port: ServerPort | undefined;
  readonly bind: string | undefined;
  readonly hosts: readonly string[];
  readonly name: string | undefined;
  readonly tls: ServerTls | undefined;
}

interface ServerPort {
  readonly number: number | undefined;
  readonly protocol: string | undefined;
  readonly name: string | undefined;
}

const tlsModes = [
  'PASSTHROUGH',
  'SIMPLE',
  'MUTUAL',
  'AUTO_PASSTHROUGH',
  'ISTIO_MUTUAL',
  'OPTIONAL_MUTUAL',
] as const;
const tlsVersions = ['TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3'] as const;

/** ServerTLSSettings; mode PASSTHROUGH is the enum's zero and so the default. */
export interface ServerTls {
  readonly httpsRedirect: boolean | undefined;
  readonly mode: (typeof tlsModes)[number] | undefined;
  readonly serverCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
  readonly caCrl: string | undefined;
  readonly credentialName: string | undefined;
  readonly credentialNames: readonly string[];
  readonly caCertCredentialName: string | undefined;
  readonly tlsCertificates: readonly CertificateFiles[];
  readonly subjectAltNames: readonly string[];
  readonly verifyCertificateSpki: readonly string[];
  readonly verifyCertificateHash: readonly string[];
  readonly minProtocolVersion: (typeof tlsVersions)[number] | undefined;
  readonly maxProtocolVersion: (typeof tlsVersions)[number] | undefined;
  readonly cipherSuites: readonly string[];
  /** A client's certificate is asked for, and taken whatever it is. */
  readonly insecureSkipVerify: boolean | undefined;
}

interface CertificateFiles {
  readonly serverCertificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly caCertificates: string | undefined;
}

/** ServerTLSSettings, also used by Sidecar ingress. */
export const serverTls: Reader<ServerTls | undefined> = message<ServerTls>({
  httpsRedirect: boolean,
  mode: word(tlsModes),
  serverCertificate: text,
  privateKey: text,
  caCertificates: text,
  caCrl: text,
  credentialName: text,
  credentialNames: list(text),
  caCertCredentialName: text,
  tlsCertificates: list(
    message<CertificateFiles>({ serverCertificate: text, privateKey: text, caCertificates: text }),
  ),
  subjectAltNames: list(text),
  verifyCertificateSpki: list(text),
  verifyCertificateHash: list(text),
  minProtocolVersion: word(tlsVersions),
  maxProtocolVersion: word(tlsVersions),
  cipherSuites: list(text),
  insecureSkipVerify: boolean,
});

/** Reads `spec` of a Gateway of any version. */
export const gateway: Reader<Gateway | undefined> = message<Gateway>({
  servers: list(
    message<Server>({
      port: message<ServerPort>({ number: port, protocol: text, name: text }),
      bind: text,
      hosts: list(text),
      name: text,
      tls: serverTls,
    }),
  ),
  selector: labels,
});
