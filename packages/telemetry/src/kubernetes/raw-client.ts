import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { KubeConnection } from '@lateen/kube';
import { reasonOf, TelemetryError } from '../telemetry-error.ts';

const timeoutMs = 20_000;
/** A config dump of a big mesh has some tens of megabytes. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** Paths of the API server whose answers are no objects: logs of pods, pages behind the pod proxy. */
export interface RawKubeClient {
  /** Body of a 200. Rejects with TelemetryError `no-answer`, `bad-answer`, `too-large`. */
  get(path: string): Promise<string>;
}

const requestOptions = (connection: KubeConnection) => ({
  timeout: timeoutMs,
  headers: {
    accept: '*/*',
    ...(connection.token && { authorization: `Bearer ${connection.token}` }),
  },
});

const secureAgent = (connection: KubeConnection): https.Agent =>
  new https.Agent({
    keepAlive: true,
    maxSockets: 16,
    ...(connection.certificateAuthority && { ca: connection.certificateAuthority }),
    ...(connection.clientCertificate && { cert: connection.clientCertificate }),
    ...(connection.clientKey && { key: connection.clientKey }),
    rejectUnauthorized: !connection.insecureSkipTlsVerify,
  });

const bodyOf = async (response: IncomingMessage, path: string): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxAnswerBytes) throw new TelemetryError('too-large', `${path}: too large`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const messageOf = (body: string): string => {
  try {
    const { message } = JSON.parse(body) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // A page of a proxy: shown as it is.
  }
  return body.slice(0, 200);
};

/** Opens no connection until the first call. */
export const createRawKubeClient = (connection: KubeConnection): RawKubeClient => {
  const server = new URL(connection.server);
  const isSecure = server.protocol === 'https:';
  const agent = isSecure
    ? secureAgent(connection)
    : new http.Agent({ keepAlive: true, maxSockets: 16 });
  const open = (path: string): Promise<IncomingMessage> => {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const base = server.pathname.replace(/\/$/, '');
    const url = new URL(base + path, server);
    const request = (isSecure ? https : http).get(
      url,
      { ...requestOptions(connection), agent },
      resolve,
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    return promise;
  };
  return {
    get: async (path) => {
      let response: IncomingMessage;
      let body: string;
      try {
        response = await open(path);
        body = await bodyOf(response, path);
      } catch (cause) {
        if (cause instanceof TelemetryError) throw cause;
        throw new TelemetryError('no-answer', `the API server: ${reasonOf(cause)}`, cause);
      }
      if (response.statusCode === 200) return body;
      throw new TelemetryError('bad-answer', messageOf(body));
    },
  };
};
