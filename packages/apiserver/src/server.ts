import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { CustomResourceDefinition, KubeObject, ResourceKind } from '@lateen/api';
import type { Clock, Logger, Metric } from '@lateen/base';
import type { AdmissionPlugin } from './admission/admission.ts';
import { ServiceAddresses } from './allocation/service-addresses.ts';
import type { Authenticator, VerifyToken } from './auth/authentication.ts';
import type { Authorizer } from './auth/authorization.ts';
import { anyAuthorizer, roleAuthorizer } from './auth/role-authorizer.ts';
import { ApiRouter } from './http/api-router.ts';
import { KindRegistry } from './registry/kind-registry.ts';
import { NamespaceRemoval } from './registry/namespace-removal.ts';
import { ObjectService } from './registry/object-service.ts';
import type { IssueToken } from './self-review/review.ts';
import { ObjectStore } from './store/object-store.ts';
import type { PodBackend } from './streams/pod-backend.ts';

/** A client must send its head within this time (Node's own default is 60 s). */
const headersTimeoutMs = 30_000;
/** Open connections; beyond it new ones wait in the kernel's queue. */
const maxConnections = 2_000;

/** All that a server is made of; nothing is read from the environment. */
export interface ApiServerOptions {
  /** SQLite file; its folder must exist. */
  readonly storePath: string;
  /** Address to listen on. */
  readonly host: string;
  /** 0: any free port. A server that listens there hands its port over: nobody can take it in between. */
  readonly port: number | Server;
  /** PEM. `clientCa` signs client certificates. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string };
  /** Asked in order; a request nobody recognises gets 401. */
  readonly authenticators: readonly Authenticator[];
  /** Asked first; what it does not allow, Roles and ClusterRoles in the store may. */
  readonly authorizer: Authorizer;
  /** Built-in kinds; CRDs come from the store and count from their creation on. */
  readonly kinds: readonly ResourceKind[];
  readonly admission: readonly AdmissionPlugin[];
  /** Whoever runs the pods: logs, exec, port-forward. */
  readonly pods: PodBackend;
  readonly verifyToken: VerifyToken;
  readonly issueToken: IssueToken;
  /** ClusterIPs to give to Services, both ends included; the first is the API server's own. */
  readonly serviceAddresses: { readonly first: string; readonly last: string };
  /** Shown at `/metrics` beside the server's own: what admission counts. Default: none. */
  readonly metrics?: readonly Metric[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** A running server. */
export interface ApiServer {
  /** `https://host:port` */
  readonly url: string;
  readonly port: number;
  /** The stored object of a core kind (`pods`, `serviceaccounts`); undefined when there is none. */
  coreObject(plural: string, namespace: string, name: string): KubeObject | undefined;
  /** Ends every connection and closes the store. */
  close(): Promise<void>;
}

const followDefinitions = (store: ObjectStore, registry: KindRegistry): void => {
  const prefix = '/apiextensions.k8s.io/customresourcedefinitions/';
  for (const object of store.list(prefix))
    registry.putDefinition(object as CustomResourceDefinition);
  store.subscribe(({ key, before, after }) => {
    if (!key.startsWith(prefix)) return;
    if (after !== undefined) registry.putDefinition(after as CustomResourceDefinition);
    else if (before !== undefined) registry.removeDefinition(before.metadata.name);
  });
};

/** Starts listening; rejects when the port is taken or the store cannot be opened. */
export const startApiServer = async (options: ApiServerOptions): Promise<ApiServer> => {
  const { clock, log } = options;
  const store = new ObjectStore(options.storePath);
  const registry = new KindRegistry(options.kinds);
  followDefinitions(store, registry);
  const addresses = new ServiceAddresses({
    addresses: options.serviceAddresses,
    services: () => store.list('//services/'),
    clock,
  });
  const admission = [addresses, ...options.admission];
  const objects = new ObjectService({ store, registry, admission, clock });
  const stopRemoval = new NamespaceRemoval({ store, registry, objects, log }).start();
  const authorizer = anyAuthorizer(options.authorizer, roleAuthorizer(store));
  const router = new ApiRouter({ metrics: [], ...options, authorizer, store, registry, objects });
  const server = https.createServer({
    key: options.tls.key,
    cert: options.tls.cert,
    ca: options.tls.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    headersTimeout: headersTimeoutMs,
    keepAliveTimeout: 120_000,
  });
  server.maxConnections = maxConnections;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void router.serve(request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void router.upgrade(request, socket, head);
  });
  try {
    await listen(server, options.host, options.port);
  } catch (error) {
    store.close();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://${options.host}:${port}`,
    port,
    coreObject: (plural, namespace, name) => store.get(`//${plural}/${namespace}/${name}`),
    close: async () => {
      stopRemoval();
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      router.closeStreams();
      await closed;
      store.close();
    },
  };
};

const listen = (server: https.Server, host: string, port: number | Server): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  const onListening = (): void => {
    server.off('error', reject);
    resolve();
  };
  if (typeof port === 'number') server.listen(port, host, onListening);
  else server.listen(port, onListening);
  return promise;
};
