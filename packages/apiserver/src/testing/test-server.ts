import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtinKinds, istioCrds, type KubeObject } from '@lateen/api';
import { type Clock, silentLogger } from '@lateen/base';
import type { AdmissionPlugin } from '../admission/admission.ts';
import {
  bearerTokenAuthenticator,
  clientCertificateAuthenticator,
} from '../auth/authentication.ts';
import { ruleAuthorizer } from '../auth/authorization.ts';
import { type ApiServer, startApiServer } from '../server.ts';
import { createTestCertificates, type TestCertificates } from './certificates.ts';
import { Kubectl } from './kubectl.ts';
import { ProcessPods } from './process-pods.ts';

const realClock: Clock = {
  nowMs: () => Date.now(),
  schedule: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export interface Answer {
  readonly code: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: unknown;
}

/** A server with a store of its own on a free port of 127.0.0.1. */
export interface TestServer {
  readonly server: ApiServer;
  readonly kubectl: Kubectl;
  readonly pods: ProcessPods;
  readonly folder: string;
  readonly certificates: TestCertificates;
  /** As administrator; `body` is sent as JSON. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

const kubeconfig = (url: string, certificates: TestCertificates): string => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      {
        name: 'test',
        cluster: { server: url, 'certificate-authority-data': base64(certificates.ca) },
      },
    ],
    users: [
      {
        name: 'admin',
        user: {
          'client-certificate-data': base64(certificates.client.cert),
          'client-key-data': base64(certificates.client.key),
        },
      },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  });
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const send = (url: string, options: RequestOptions, body: string | undefined): Promise<Answer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpsRequest(url, options, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { statusCode: code = 0, headers } = response;
      resolve({ code, headers, text, body: parseJson(text) });
    });
    response.on('error', reject);
  });
  request.on('error', reject);
  request.end(body);
  return promise;
};

const namespaceNames = ['default', 'kube-system', 'kube-public', 'istio-system'];

/** Starts a server with all built-in kinds, the Istio CRDs and the usual namespaces. */
export const startTestServer = async (
  admission: readonly AdmissionPlugin[] = [],
): Promise<TestServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-apiserver-'));
  const certificates = createTestCertificates();
  const pods = new ProcessPods();
  const server = await startApiServer({
    storePath: join(folder, 'store.db'),
    host: '127.0.0.1',
    port: 0,
    tls: { ...certificates.server, clientCa: certificates.ca },
    authenticators: [
      clientCertificateAuthenticator,
      bearerTokenAuthenticator(async (token) =>
        token === 'jo-token' ? { username: 'jo', groups: ['system:authenticated'] } : undefined,
      ),
    ],
    authorizer: ruleAuthorizer([
      { subject: 'jo', verbs: ['get', 'list', 'watch'], resources: ['/pods', '/configmaps'] },
    ]),
    kinds: builtinKinds,
    admission,
    pods,
    verifyToken: async (token) =>
      token === 'jo-token' ? { username: 'jo', groups: [] } : undefined,
    issueToken: async ({ namespace, name }) => `token-of-${namespace}-${name}`,
    serviceAddresses: { first: '127.1.128.1', last: '127.1.129.254' },
    clock: realClock,
    log: silentLogger,
  });
  const agent = new Agent({
    ca: certificates.ca,
    cert: certificates.client.cert,
    key: certificates.client.key,
    keepAlive: true,
  });
  const ask: TestServer['ask'] = (method, path, body, headers = {}) => {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const options = { method, agent, headers: { ...type, ...headers } };
    return send(`${server.url}${path}`, options, text);
  };
  for (const name of namespaceNames)
    await ask('POST', '/api/v1/namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    });
  for (const crd of istioCrds as readonly KubeObject[])
    await ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
  const configPath = join(folder, 'kubeconfig');
  writeFileSync(configPath, kubeconfig(server.url, certificates), { mode: 0o600 });
  return {
    server,
    kubectl: new Kubectl(configPath, folder),
    pods,
    folder,
    certificates,
    ask,
    close: async () => {
      agent.destroy();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
