import type { X509Certificate } from 'node:crypto';
import type net from 'node:net';
import tls from 'node:tls';
import type { DownstreamTlsSettings } from '@lateen/routing';
import type { Inspection } from '../listener/inspection.ts';
import type { Counter } from '../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../stats/registry.ts';
import { type ConnectionTls, connectionTls, rememberConnectionTls } from './connection-tls.ts';
import { refusePeer } from './peer-check.ts';
import { peerExchangeProtocol } from './peer-exchange-protocol.ts';
import type { SecureContexts, TlsMaterial } from './secure-context.ts';

/** Envoy's counters of a listener's TLS. */
export class DownstreamTlsStats {
  readonly handshakes: Counter;
  readonly sessionsReused: Counter;
  readonly connectionErrors: Counter;
  readonly failedVerifications: Counter;
  readonly missingCertificates: Counter;
  readonly secretsMissing: Counter;

  constructor(stats: StatsRegistry, listener: string) {
    const labels = { envoy_listener_address: listener };
    const scope = new StatsScope(stats, {
      prefix: `listener.${listener}.ssl`,
      family: 'envoy_listener_ssl',
      labels,
    });
    this.handshakes = scope.counter('handshake');
    this.sessionsReused = scope.counter('session_reused');
    this.connectionErrors = scope.counter('connection_error');
    this.failedVerifications = scope.counter('fail_verify_error');
    this.missingCertificates = scope.counter('fail_verify_no_cert');
    this.secretsMissing = new StatsScope(stats, {
      prefix: `listener.${listener}.server_ssl_socket_factory`,
      family: 'envoy_listener_server_ssl_socket_factory',
      labels,
    }).counter('downstream_context_secrets_not_ready');
  }
}

/** How a connection is to be accepted. */
export interface AcceptTlsOptions {
  readonly settings: DownstreamTlsSettings;
  readonly contexts: SecureContexts;
  readonly stats: DownstreamTlsStats;
  /** For the handshake; 0: the default. */
  readonly timeoutMs: number;
  /** What was read of the connection already; undefined: nothing. */
  readonly inspection: Inspection | undefined;
  /** `h2` may be agreed on. */
  readonly offersHttp2: boolean;
  /** The chain does what `istio-peer-exchange` stands for; without it that is not agreed on. */
  readonly exchangesPeers: boolean;
  /** Our side cannot do it: secrets are missing or unusable. */
  refused(reason: string): void;
  /** The handshake is done and the client accepted. */
  ready(socket: tls.TLSSocket, facts: ConnectionTls): void;
}

/** Handshakes that take longer are closed when the chain sets no time of its own. */
const defaultHandshakeMs = 15_000;

/** The library's verdict on the client's chain: a code, or undefined when it is well. */
const chainErrorOf = (socket: tls.TLSSocket): string | undefined => {
  const { ssl } = socket as unknown as {
    ssl?: { verifyError(): (Error & { code?: string }) | null };
  };
  const error = ssl?.verifyError();
  return error ? (error.code ?? error.message) : undefined;
};

/** The first of our protocols that the client offers. */
const chooseProtocol =
  (ours: readonly string[]) =>
  ({ protocols }: { protocols: string[] }): string | undefined =>
    ours.find((name) => protocols.includes(name));

/**
 * What we answer ALPN with. Without a protocol in common the handshake goes on without one, as in
 * Envoy; the library would end it.
 */
const alpnOptions = (options: AcceptTlsOptions): tls.TlsOptions => {
  const { settings, inspection, offersHttp2, exchangesPeers } = options;
  const ours = settings.alpn.filter(
    (name) => (offersHttp2 || name !== 'h2') && (exchangesPeers || name !== peerExchangeProtocol),
  );
  if (ours.length === 0) return {};
  const offered = inspection?.applicationProtocols;
  if (offered !== undefined && !offered.some((name) => ours.includes(name))) return {};
  return { ALPNCallback: chooseProtocol(ours) };
};

const wrap = (
  socket: net.Socket,
  material: TlsMaterial,
  options: AcceptTlsOptions,
): tls.TLSSocket => {
  const { validation, requireClientCertificate } = options.settings;
  return new tls.TLSSocket(socket, {
    isServer: true,
    secureContext: material.context,
    requestCert: validation?.trustedCa !== undefined || requireClientCertificate,
    // Looked at when the handshake is done, with what else is configured.
    rejectUnauthorized: false,
    ...alpnOptions(options),
  });
};

/** Whether the client's certificate, the lack of one, or of a server name ends the connection. */
const isRefused = (
  socket: tls.TLSSocket,
  certificate: X509Certificate | undefined,
  material: TlsMaterial,
  { settings, stats }: AcceptTlsOptions,
): boolean => {
  if (settings.requireServerName && !connectionTls(socket).serverName) return true;
  if (certificate === undefined) {
    if (settings.requireClientCertificate) stats.missingCertificates.value++;
    return settings.requireClientCertificate;
  }
  if (refusePeer(certificate, chainErrorOf(socket), material) === undefined) return false;
  stats.failedVerifications.value++;
  return true;
};

/** Accepts TLS on a connection; nothing of it is handed on before the client is accepted. */
export const acceptTls = (socket: net.Socket, options: AcceptTlsOptions): void => {
  const { inspection, stats } = options;
  let secure: tls.TLSSocket;
  let material: TlsMaterial;
  try {
    material = options.contexts.get(options.settings);
    if (inspection !== undefined && inspection.bytes.length > 0) socket.unshift(inspection.bytes);
    secure = wrap(socket, material, options);
  } catch (error) {
    stats.secretsMissing.value++;
    options.refused(error instanceof Error ? error.message : String(error));
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => secure.destroy(), options.timeoutMs || defaultHandshakeMs);
  timer.unref();
  let isDone = false;
  secure.on('error', () => {
    if (!isDone) stats.connectionErrors.value++;
    secure.destroy();
  });
  secure.once('close', () => clearTimeout(timer));
  secure.once('secure', () => {
    isDone = true;
    clearTimeout(timer);
    const peer = secure.getPeerX509Certificate();
    if (isRefused(secure, peer, material, options)) {
      stats.connectionErrors.value++;
      secure.destroy();
      return;
    }
    stats.handshakes.value++;
    if (secure.isSessionReused()) stats.sessionsReused.value++;
    options.ready(secure, rememberConnectionTls(secure, { peer, local: material.local }));
  });
};
