import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { CertificateAndKey, CertificateAuthority } from '@lateen/identity';

/** How a client of tests introduces itself. */
export interface TlsClientOptions {
  readonly port: number;
  readonly authority?: CertificateAuthority;
  readonly pair?: CertificateAndKey | undefined;
  readonly alpn?: readonly string[];
  readonly serverName?: string;
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly headers?: Readonly<Record<string, string>>;
  readonly path?: string;
}

/** An answer, or why there is none. */
export type TlsAnswer =
  | {
      readonly status: number;
      readonly body: string;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      /** Serial number of the server's certificate. */
      readonly serial: string;
      readonly alpn: string;
    }
  | { readonly error: string };

/** One request over a TLS connection of its own. */
export const tlsGet = (options: TlsClientOptions): Promise<TlsAnswer> =>
  new Promise((resolve) => {
    const { pair, authority, alpn, maxVersion } = options;
    const request = https.get(
      {
        host: '127.0.0.1',
        port: options.port,
        path: options.path ?? '/',
        agent: false,
        headers: { host: 'test', ...options.headers },
        checkServerIdentity: () => undefined,
        ...(options.serverName !== undefined && { servername: options.serverName }),
        ...(authority && { ca: authority.certificate }),
        ...(pair && { cert: pair.certificate, key: pair.key }),
        ...(alpn && { ALPNProtocols: [...alpn] }),
        ...(maxVersion && { minVersion: 'TLSv1' as const, maxVersion, ciphers: 'ALL:@SECLEVEL=0' }),
      },
      (response) => {
        const socket = response.socket as TLSSocket;
        const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
        const negotiated = socket.alpnProtocol || '';
        let body = '';
        response.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, body, headers, serial, alpn: negotiated });
        });
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ error: error.code ?? error.message });
    });
  });
