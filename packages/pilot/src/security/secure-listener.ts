import { constants } from 'node:crypto';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Logger } from '@lateen/base';
import { certificateUris } from '@lateen/identity';
import { PilotError } from '../pilot-error.ts';

/** A client has this long for its handshake. */
const handshakeTimeoutMs = 10_000;
/** Connections at once: each proxy has one for xDS and briefly one for its certificate. */
const maxConnections = 20_000;

/** What the listener shows of itself and trusts, PEM. */
export interface ListenerCertificates {
  readonly chain: string;
  /** Secret. */
  readonly key: string;
  readonly roots: readonly string[];
}

/** The other end of a TLS connection. */
export interface TlsPeer {
  /** It showed one, and it was verified. */
  readonly hasCertificate: boolean;
  readonly uris: readonly string[];
}

/** Looks peers up by `host:port`, as gRPC calls name them. */
export interface PeerCertificates {
  /** Undefined for connections that came over another listener. */
  peer(address: string): TlsPeer | undefined;
}

const contextOf = ({ chain, key, roots }: ListenerCertificates): tls.SecureContextOptions => ({
  cert: chain,
  key,
  ca: [...roots],
  minVersion: 'TLSv1.2',
  // A resumed session would bring a peer's old verdict past a change of roots.
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/**
 * TLS before the gRPC server. A client certificate is optional, but one that is shown must verify
 * (Go's VerifyClientCertIfGiven, which grpc-js cannot say). Certificates may change while it listens.
 */
export class SecureListener implements PeerCertificates {
  readonly #log: Logger;
  readonly #server: tls.Server;
  readonly #peers = new Map<string, TlsPeer>();
  readonly #sockets = new Set<tls.TLSSocket>();

  /** `accept` takes over connections, decrypted. */
  constructor(certificates: ListenerCertificates, accept: (socket: Duplex) => void, log: Logger) {
    this.#log = log;
    this.#server = tls.createServer(
      {
        ...contextOf(certificates),
        ALPNProtocols: ['h2'],
        requestCert: true,
        rejectUnauthorized: false,
        handshakeTimeout: handshakeTimeoutMs,
      },
      (socket) => this.#admit(socket, accept),
    );
    this.#server.maxConnections = maxConnections;
    this.#server.on('tlsClientError', (error, socket) => {
      log.debug('TLS handshake failed', {
        peer: socket.remoteAddress ?? '',
        reason: error.message,
      });
    });
  }

  peer(address: string): TlsPeer | undefined {
    return this.#peers.get(address);
  }

  /** For connections from now on. */
  use(certificates: ListenerCertificates): void {
    this.#server.setSecureContext(contextOf(certificates));
  }

  /** Binds `host:port` and returns the port. Rejects with `listen-failed`. */
  async listen(address: string): Promise<number> {
    const colon = address.lastIndexOf(':');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onError = (cause: Error): void =>
      reject(
        new PilotError('listen-failed', `cannot serve on ${address}: ${cause.message}`, { cause }),
      );
    this.#server.once('error', onError);
    this.#server.listen(Number(address.slice(colon + 1)), address.slice(0, colon), () => {
      this.#server.off('error', onError);
      this.#server.on('error', (error) =>
        this.#log.warn('secure listener', { reason: error.message }),
      );
      resolve();
    });
    await promise;
    const bound = this.#server.address();
    return typeof bound === 'object' && bound !== null ? bound.port : 0;
  }

  /** Stops listening and cuts what is left. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(socket: tls.TLSSocket, accept: (socket: Duplex) => void): void {
    const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer };
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    if (raw !== undefined && !socket.authorized) {
      this.#log.warn('client certificate refused', {
        peer: address,
        reason: String(socket.authorizationError),
      });
      socket.destroy();
      return;
    }
    const peer = { hasCertificate: raw !== undefined, uris: raw ? certificateUris(raw) : [] };
    this.#peers.set(address, peer);
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (this.#peers.get(address) === peer) this.#peers.delete(address);
    });
    accept(socket);
  }
}
