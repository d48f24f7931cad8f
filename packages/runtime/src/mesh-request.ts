import http from 'node:http';
import https from 'node:https';
import type { KubeConnection } from '@lateen/kube';

const timeoutMs = 10_000;
/** Pages of istiod and answers of the API server are far smaller. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** A request to the API server beyond collections of objects: a page of a pod, a review. */
export interface MeshRequest {
  readonly path: string;
  /** JSON to POST; absent: GET. */
  readonly body?: unknown;
}

const optionsOf = (connection: KubeConnection, body: string | undefined): https.RequestOptions => ({
  agent: false,
  timeout: timeoutMs,
  method: body === undefined ? 'GET' : 'POST',
  ...(connection.certificateAuthority && { ca: connection.certificateAuthority }),
  ...(connection.clientCertificate && { cert: connection.clientCertificate }),
  ...(connection.clientKey && { key: connection.clientKey }),
  rejectUnauthorized: !connection.insecureSkipTlsVerify,
  headers: {
    ...(connection.token && { authorization: `Bearer ${connection.token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  },
});

/** The answer as text; rejects unless it is a success. */
export const sendText = (
  connection: KubeConnection,
  { path, body }: MeshRequest,
): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const url = new URL(path, connection.server);
  const content = body === undefined ? undefined : JSON.stringify(body);
  const module = url.protocol === 'https:' ? https : http;
  const request = module.request(url, optionsOf(connection, content), (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) request.destroy(new Error('the answer is too long'));
    });
    response.on('error', reject);
    response.on('end', () => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) resolve(text);
      else reject(new Error(`status ${status}: ${text.slice(0, 200)}`));
    });
  });
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', reject);
  request.end(content);
  return promise;
};
