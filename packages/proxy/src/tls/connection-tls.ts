import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { parseSubjectNames, subjectText } from './certificate-names.ts';

/** Who a certificate names. */
export interface CertificateIdentity {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  /** RFC 2253 text; empty when there is none. */
  readonly subject: string;
}

/** The other side's certificate. It was verified as far as the configuration asks for. */
export interface PeerCertificate extends CertificateIdentity {
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** Lower-case hex. */
  readonly serial: string;
  /** The certificate, PEM. */
  readonly pem: string;
}

/** What one TLS connection agreed on; read once, after the handshake. */
export interface ConnectionTls {
  /** Undefined: the peer presented none. */
  readonly peer: PeerCertificate | undefined;
  /** What our own certificate says; all empty when we presented none. */
  readonly local: CertificateIdentity;
  /** SNI; empty when none was sent. */
  readonly serverName: string;
  /** Empty: nothing was agreed on. */
  readonly alpn: string;
  /** `TLSv1.3`. */
  readonly version: string;
  /** IANA name of the cipher. */
  readonly cipher: string;
}

const nobody: CertificateIdentity = { uriSans: [], dnsSans: [], subject: '' };

const identityOf = (certificate: X509Certificate): CertificateIdentity => {
  const names = parseSubjectNames(certificate.subjectAltName);
  const ofType = (wanted: string): string[] =>
    names.filter(({ type }) => type === wanted).map(({ value }) => value);
  return {
    uriSans: ofType('uri'),
    dnsSans: ofType('dns'),
    subject: subjectText(certificate.subject),
  };
};

class Peer implements PeerCertificate {
  readonly uriSans: readonly string[];
  readonly dnsSans: readonly string[];
  readonly subject: string;
  readonly #certificate: X509Certificate;

  constructor(certificate: X509Certificate) {
    const { uriSans, dnsSans, subject } = identityOf(certificate);
    this.uriSans = uriSans;
    this.dnsSans = dnsSans;
    this.subject = subject;
    this.#certificate = certificate;
  }

  get fingerprint(): string {
    return this.#certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  }

  get serial(): string {
    return this.#certificate.serialNumber.toLowerCase();
  }

  get pem(): string {
    return this.#certificate.toString();
  }
}

const facts = new WeakMap<TLSSocket, ConnectionTls>();

/** Names of our own certificates, by the text of the certificate's fingerprint. */
const locals = new Map<string, CertificateIdentity>();
/** Own certificates remembered: there are few at a time, rotation brings new ones. */
const maxLocals = 64;

const localOf = (socket: TLSSocket): CertificateIdentity => {
  const certificate = socket.getX509Certificate();
  if (certificate === undefined) return nobody;
  const key = certificate.fingerprint256;
  const known = locals.get(key);
  if (known !== undefined) return known;
  const identity = identityOf(certificate);
  if (locals.size >= maxLocals) locals.clear();
  locals.set(key, identity);
  return identity;
};

const read = (socket: TLSSocket, certificate: X509Certificate | undefined): ConnectionTls => {
  const { servername: name } = socket as { readonly servername?: string | false };
  return {
    peer: certificate === undefined ? undefined : new Peer(certificate),
    local: localOf(socket),
    serverName: name || '',
    alpn: socket.alpnProtocol || '',
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.standardName ?? '',
  };
};

/** Reads a connection whose peer's certificate is known otherwise: resumed sessions show none. */
export const rememberConnectionTls = (
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
): ConnectionTls => {
  const found = read(socket, certificate);
  facts.set(socket, found);
  return found;
};

/**
 * What a connection agreed on. Certificates are read once a connection; the first call must come
 * while it is open (the listener makes it when the handshake is done).
 */
export const connectionTls = (socket: TLSSocket): ConnectionTls => {
  const known = facts.get(socket);
  if (known !== undefined) return known;
  return rememberConnectionTls(socket, socket.getPeerX509Certificate());
};

const states = {
  none: { presented: false, validated: false },
  presented: { presented: true, validated: true },
} as const;

/** For routes that ask about the client's certificate; undefined: no TLS. A bad one does not get here. */
export const certificateState = (
  socket: TLSSocket | undefined,
): { readonly presented: boolean; readonly validated: boolean } | undefined => {
  if (socket === undefined) return undefined;
  return connectionTls(socket).peer === undefined ? states.none : states.presented;
};
