import http from 'node:http';
import https from 'node:https';
import type { Pod } from '@lateen/api';
import { createKubeClient, type KubeConnection, resourcePath, resources } from '@lateen/kube';
import { formatProxyStatus, proxyStatusRows, type SyncStatus } from '@lateen/pilot';
import { RuntimeError, reasonOf } from './runtime-error.ts';

const namespace = 'istio-system';
const statusPort = 15_014;
const timeoutMs = 10_000;

const getText = (connection: KubeConnection, path: string): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const url = new URL(path, connection.server);
  const request = (url.protocol === 'https:' ? https : http).get(
    url,
    {
      agent: false,
      timeout: timeoutMs,
      ...(connection.certificateAuthority && { ca: connection.certificateAuthority }),
      ...(connection.clientCertificate && { cert: connection.clientCertificate }),
      ...(connection.clientKey && { key: connection.clientKey }),
      ...(connection.token && { headers: { authorization: `Bearer ${connection.token}` } }),
      rejectUnauthorized: !connection.insecureSkipTlsVerify,
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    },
  );
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.on('error', reject);
  return promise;
};

const isRunning = ({ metadata, status }: Pod): boolean =>
  metadata.labels?.['app'] === 'istiod' && status?.phase === 'Running';

/**
 * The table of `istioctl proxy-status`: asks every istiod through the API server's pod proxy, so that
 * it works on any cluster. Rejects with KubeError, or RuntimeError `not-ready` when no istiod answers.
 */
export const readProxyStatus = async (connection: KubeConnection): Promise<string> => {
  const { items } = await createKubeClient(connection).list<Pod>(resources.pods, { namespace });
  const istiods = items.filter(isRunning);
  if (istiods.length === 0)
    throw new RuntimeError(
      'not-ready',
      `no istiod is running in ${namespace}: see kubectl get pods -n ${namespace}`,
    );
  const rows: SyncStatus[] = [];
  for (const { metadata } of istiods) {
    const pod = resourcePath(resources.pods, { namespace, name: metadata.name });
    try {
      const text = await getText(connection, `${pod}:${statusPort}/proxy/debug/syncz`);
      rows.push(...(JSON.parse(text) as SyncStatus[]));
    } catch (cause) {
      throw new RuntimeError(
        'not-ready',
        `istiod ${metadata.name} does not answer: ${reasonOf(cause)}`,
        cause,
      );
    }
  }
  return formatProxyStatus(proxyStatusRows(rows));
};
