import http from 'node:http';
import https from 'node:https';
import { type KubeConnection, resourcePath, resources } from '@lateen/kube';
import { ProxyConfigError } from './proxy-config-error.ts';

/** Envoy's admin port in every proxy. */
const adminPort = 15_000;
const timeoutMs = 30_000;
/** A dump of a mesh of ten thousand services is some tens of megabytes. */
const maxAnswerBytes = 512 * 1024 * 1024;

/** A pod by name. */
export interface PodRef {
  readonly name: string;
  readonly namespace: string;
}

/** Asks the admin endpoint of a proxy. */
export interface ProxyAdmin {
  /** Body of the answer. Rejects with ProxyConfigError. */
  get(path: string): Promise<string>;
  post(path: string): Promise<string>;
}

interface Ask {
  readonly method: 'GET' | 'POST';
  readonly path: string;
}

const send = (connection: KubeConnection, { method, path }: Ask): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const url = new URL(path, connection.server);
  const request = (url.protocol === 'https:' ? https : http).request(
    url,
    {
      method,
      agent: false,
      timeout: timeoutMs,
      ...(connection.certificateAuthority && { ca: connection.certificateAuthority }),
      ...(connection.clientCertificate && { cert: connection.clientCertificate }),
      ...(connection.clientKey && { key: connection.clientKey }),
      ...(connection.token && { headers: { authorization: `Bearer ${connection.token}` } }),
      rejectUnauthorized: !connection.insecureSkipTlsVerify,
    },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxAnswerBytes) request.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(body);
        else reject(new Error(`status ${response.statusCode}: ${body.slice(0, 200)}`));
      });
    },
  );
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', reject);
  request.end();
  return promise;
};

/** The admin endpoint of a pod's proxy, through the API server's pod proxy: it works on any cluster. */
export const podAdmin = (connection: KubeConnection, { name, namespace }: PodRef): ProxyAdmin => {
  const pod = resourcePath(resources.pods, { namespace, name });
  const ask = async (method: Ask['method'], path: string): Promise<string> => {
    try {
      return await send(connection, { method, path: `${pod}:${adminPort}/proxy${path}` });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ProxyConfigError(
        'no-answer',
        `the proxy of ${name}.${namespace} does not answer ${path}: ${reason}`,
        cause,
      );
    }
  };
  return { get: (path) => ask('GET', path), post: (path) => ask('POST', path) };
};
