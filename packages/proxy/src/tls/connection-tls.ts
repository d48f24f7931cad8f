import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { CertificateIdentity, FormatTls, PeerCertificate } from '@lateen/routing';
import { parseSubjectNames, subjectText } from './certificate-names.ts';

/** What one TLS connection agreed on; read once, after the handshake. */
export interface ConnectionTls extends FormatTls {
  /** SNI; empty when none was sent. */
  readonly serverName: string;
  /** Empty: nothing was agreed on. */
  readonly alpn: string;
}

const nobody: CertificateIdentity = { uriSans: [], dnsSans: [], subject: '' };

/** Reads the names of a certificate. */
export const certificateIdentity = (certificate: X509Certificate): CertificateIdentity => {
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
  #fingerprint: string | undefined = undefined;
  #pem: string | undefined = undefined;

  constructor(certificate: X509Certificate) {
    const { uriSans, dnsSans, subject } = certificateIdentity(certificate);
    this.uriSans = uriSans;
    this.dnsSans = dnsSans;
    this.subject = subject;
    this.#certificate = certificate;
  }

  get fingerprint(): string {
    this.#fingerprint ??= this.#certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    return this.#fingerprint;
  }

  get fingerprint1(): string {
    return this.#certificate.fingerprint.replaceAll(':', '').toLowerCase();
  }

  get issuer(): string {
    return subjectText(this.#certificate.issuer);
  }

  get validFromMs(): number {
    return this.#certificate.validFromDate.getTime();
  }

  get validToMs(): number {
    return this.#certificate.validToDate.getTime();
  }

  get serial(): string {
    return this.#certificate.serialNumber.toLowerCase();
  }

  get pem(): string {
    this.#pem ??= this.#certificate.toString();
    return this.#pem;
  }
}

/** Peers by the bytes of their certificates: workloads connect again and again with the same one. */
const peers = new Map<string, Peer>();
/** Peers remembered; beyond that all are read anew. */
const maxPeers = 2048;

const peerOf = (certificate: X509Certificate): Peer => {
  const key = certificate.raw.toString('latin1');
  const known = peers.get(key);
  if (known !== undefined) return known;
  const peer = new Peer(certificate);
  if (peers.size >= maxPeers) peers.clear();
  peers.set(key, peer);
  return peer;
};

const facts = new WeakMap<TLSSocket, ConnectionTls>();

/** What is known of a connection besides its socket. */
export interface KnownCertificates {
  readonly peer: X509Certificate | undefined;
  /** Ours; undefined: to be read from the connection. */
  readonly local: CertificateIdentity | undefined;
}

const localOf = (socket: TLSSocket): CertificateIdentity => {
  const certificate = socket.getX509Certificate();
  return certificate === undefined ? nobody : certificateIdentity(certificate);
};

const read = (socket: TLSSocket, known: KnownCertificates): ConnectionTls => {
  const { servername: name } = socket as { readonly servername?: string | false };
  return {
    peer: known.peer === undefined ? undefined : peerOf(known.peer),
    local: known.local ?? localOf(socket),
    serverName: name || '',
    alpn: socket.alpnProtocol || '',
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher()?.standardName ?? '',
  };
};

/** Reads a connection whose certificates are known already: resumed sessions show none. */
export const rememberConnectionTls = (
  socket: TLSSocket,
  certificates: KnownCertificates,
): ConnectionTls => {
  const found = read(socket, certificates);
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
  return rememberConnectionTls(socket, {
    peer: socket.getPeerX509Certificate(),
    local: undefined,
  });
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
