import type { X509Certificate } from 'node:crypto';
import type net from 'node:net';
import tls from 'node:tls';
import { parseSubjectNames } from './certificate-names.ts';
import { type ConnectionTls, rememberConnectionTls } from './connection-tls.ts';
import { PeerRefused } from './failure-reason.ts';
import { refusePeer } from './peer-check.ts';
import type { TlsMaterial } from './secure-context.ts';
import type { UpstreamTlsStats } from './upstream-tls-stats.ts';

/** What one upstream handshake asks for. */
export interface UpstreamTlsRequest {
  /** Whom we connect to: sessions are resumed with the same one only. */
  readonly peer: object;
  /** Empty: no SNI. */
  readonly serverName: string;
  /** Empty: no ALPN. */
  readonly alpn: readonly string[];
  /** A DNS name the certificate must have (`auto_san_validation`); empty: none. */
  readonly requiredName: string;
  /** Sessions are kept and resumed. */
  readonly resumes: boolean;
  readonly stats: UpstreamTlsStats;
}

/** A session to resume, with the certificate it was made with: resumed handshakes show none. */
interface Session {
  readonly ticket: Buffer;
  readonly certificate: X509Certificate | undefined;
}

/** Sessions by context and peer: a rotated certificate or root starts afresh, and so does a new peer. */
const sessions = new WeakMap<tls.SecureContext, WeakMap<object, Map<string, Session>>>();

/** What the last handshake with each peer found. */
const lastTls = new WeakMap<object, ConnectionTls>();

/** What the last connection to a peer (an endpoint) agreed on; undefined: there was none with TLS. */
export const upstreamTlsOf = (peer: object): ConnectionTls | undefined => lastTls.get(peer);

const noCertificate = {} as tls.DetailedPeerCertificate;

/** Server names remembered for one peer; beyond that sessions are not kept. */
const maxSessionNames = 16;

const sessionsOf = (context: tls.SecureContext, peer: object): Map<string, Session> => {
  let peers = sessions.get(context);
  if (peers === undefined) {
    peers = new WeakMap();
    sessions.set(context, peers);
  }
  let names = peers.get(peer);
  if (names === undefined) {
    names = new Map();
    peers.set(peer, names);
  }
  return names;
};

/** Wildcards stand for the whole leftmost label (RFC 6125). */
const namesHost = (pattern: string, host: string): boolean => {
  if (!pattern.startsWith('*.')) return pattern.toLowerCase() === host.toLowerCase();
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot).toLowerCase() === pattern.slice(1).toLowerCase();
};

const refusal = (
  socket: tls.TLSSocket,
  certificate: X509Certificate | undefined,
  material: TlsMaterial,
  requiredName: string,
): string | undefined => {
  const { authorizationError } = socket;
  const chainError = authorizationError ? String(authorizationError) : undefined;
  const refused = refusePeer(certificate, chainError, material);
  if (refused !== undefined || requiredName === '') return refused;
  const names = parseSubjectNames(certificate?.subjectAltName);
  const isNamed = names.some(({ type, value }) => type === 'dns' && namesHost(value, requiredName));
  return isNamed ? undefined : 'verify cert failed: verify SAN list';
};

/**
 * Starts TLS on a connection that opens. Nothing that is written leaves before the peer's
 * certificate is accepted; a refused one destroys the socket with `PeerRefused`.
 */
export const connectTls = (
  plain: net.Socket,
  material: TlsMaterial,
  wanted: UpstreamTlsRequest,
): tls.TLSSocket => {
  const { peer, serverName, alpn, requiredName, resumes, stats } = wanted;
  const remembered = sessionsOf(material.context, peer);
  const session = resumes ? remembered.get(serverName) : undefined;
  const socket = tls.connect({
    socket: plain,
    secureContext: material.context,
    // The library's verdict is looked at below, with what else is configured.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serverName !== '' && { servername: serverName }),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
    ...(session !== undefined && { session: session.ticket }),
  });
  let certificate: X509Certificate | undefined;
  // The library would turn the whole chain into objects to check a name nobody asked for.
  socket.getPeerCertificate = () => noCertificate;
  const onError = (): void => stats.failed();
  socket.once('error', onError);
  socket.cork();
  socket.once('secureConnect', () => {
    Reflect.deleteProperty(socket, 'getPeerCertificate');
    certificate = socket.isSessionReused() ? session?.certificate : socket.getPeerX509Certificate();
    const refused = refusal(socket, certificate, material, requiredName);
    if (refused !== undefined) {
      stats.refused(refused);
      socket.destroy(new PeerRefused(refused));
      return;
    }
    socket.off('error', onError);
    stats.accepted(socket.isSessionReused());
    const { local } = material;
    lastTls.set(peer, rememberConnectionTls(socket, { peer: certificate, local }));
    socket.uncork();
  });
  if (!resumes) return socket;
  socket.on('session', (ticket: Buffer) => {
    if (remembered.has(serverName) || remembered.size < maxSessionNames) {
      remembered.set(serverName, { ticket, certificate });
    }
  });
  return socket;
};
