import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ConfigMap, KubeObject } from '@lateen/api';
import { silentLogger } from '@lateen/base';
import {
  createKubeClient,
  Informer,
  type KubeClient,
  loadKubeConfig,
  parseKubeConfig,
  resources,
  systemClock,
} from '@lateen/kube';
import { type Pilot, type PilotOptions, startPilot } from '@lateen/pilot';
import { istioSystem } from '../bootstrap/istio-system.ts';
import { namespacesOf } from '../bootstrap/kube-system.ts';
import { applyObjects } from '../bootstrap/object-applier.ts';
import { Cleanup } from '../cleanup.ts';
import { type ClusterApi, openClusterApi } from '../cluster-api.ts';
import { claimLoopbackNetwork } from '../network/loopback-network.ts';
import { holdFreePort } from '../network/tcp-listener.ts';
import { type ClusterPki, loadClusterPki } from '../state/cluster-pki.ts';
import { createStateFolder, type StateFolder, stateFolderAt } from '../state/state-folder.ts';

/** What a request to the API server shows of its sender. */
export interface Credentials {
  readonly token?: string;
  readonly certificate?: { readonly chain: string; readonly key: string };
}

/** A real API server with its roles and a real istiod beside it, and no node: nothing runs. */
export interface ControlPlane {
  readonly folder: string;
  /** As administrator. */
  readonly client: KubeClient;
  readonly pilot: Pilot;
  tokenOf(request: {
    readonly namespace: string;
    readonly name: string;
    readonly audience?: string;
  }): Promise<string>;
  /** Status code of a request to the API server. */
  ask(method: string, path: string, credentials: Credentials, body?: object): Promise<number>;
  /** Keeps a file with the roots of the namespace, as a kubelet would. */
  followRoots(namespace: string, path: string): Promise<void>;
  close(): Promise<void>;
}

const serviceAccount = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { namespace, name },
});

const isWorkload = ({ kind }: KubeObject): boolean => kind === 'Deployment' || kind === 'Service';

const requestCode = (
  url: URL,
  method: string,
  options: https.RequestOptions,
  body: string,
): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = https.request(url, { ...options, method, agent: false }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode ?? 0));
  });
  request.on('error', reject);
  request.end(body);
  return promise;
};

interface Api {
  readonly api: ClusterApi;
  readonly pki: ClusterPki;
  readonly state: StateFolder;
}

const common = { clock: systemClock, log: silentLogger } as const;
/** Clients of further clusters; there are none here. */
const remote = { connect: (text: string): KubeClient => createKubeClient(parseKubeConfig(text)) };

const openApi = async (folder: string, cleanup: Cleanup): Promise<Api> => {
  const state = stateFolderAt(join(folder, 'state'));
  createStateFolder(state);
  const pki = loadClusterPki(state.pki, systemClock);
  const { network } = await claimLoopbackNetwork({ seed: folder });
  cleanup.add(() => network.close());
  const port = await holdFreePort('127.0.0.1', 17_643, 100);
  if (port === undefined) throw new Error('no free port for the API server');
  const api = await openClusterApi({
    ...common,
    ...{ state, pki, network },
    port,
    membership: undefined,
    kubelet: () => undefined,
  });
  cleanup.add(() => api.close());
  return { api, pki, state };
};

const followRoots = async (
  client: KubeClient,
  { namespace, path }: { readonly namespace: string; readonly path: string },
  signal: AbortSignal,
): Promise<void> => {
  const informer = new Informer<ConfigMap>({
    ...common,
    client,
    resource: resources.configMaps,
    namespace,
    jitter: () => 0,
  });
  const first = Promise.withResolvers<void>();
  informer.onChange(({ after }) => {
    if (after?.metadata.name !== 'istio-ca-root-cert') return;
    writeFileSync(path, after.data?.['root-cert.pem'] ?? '');
    first.resolve();
  });
  void informer.run(signal);
  await first.promise;
};

const ask =
  ({ api, pki }: Api): ControlPlane['ask'] =>
  (method, path, { token, certificate }, body) => {
    const options: https.RequestOptions = {
      ca: pki.authority.certificate,
      ...(certificate && { cert: certificate.chain, key: certificate.key }),
      headers: {
        'content-type': 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
    };
    const text = body === undefined ? '' : JSON.stringify(body);
    return requestCode(new URL(path, api.url), method, options, text);
  };

/** Starts both; `accounts` are made as `namespace/name`. */
export const startControlPlane = async (
  accounts: readonly string[],
  options: Partial<PilotOptions> = {},
): Promise<ControlPlane> => {
  const cleanup = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'lateen-cp-'));
  cleanup.add(() => rmSync(folder, { recursive: true, force: true }));
  const opened = await openApi(folder, cleanup);
  const { api, pki, state } = opened;
  await applyObjects(api.client, [
    ...namespacesOf(),
    ...istioSystem().filter((object) => !isWorkload(object)),
    ...accounts.map((account) => {
      const [namespace = '', name = ''] = account.split('/');
      return serviceAccount(namespace, name);
    }),
  ]);
  const pilot = await startPilot({
    ...{ ...common, ...remote },
    client: createKubeClient(loadKubeConfig(state.pilotKubeconfig)),
    jitter: () => 0,
    secureAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    podName: 'istiod-0',
    yieldTurn: () => setImmediate(),
    ...options,
  });
  cleanup.add(() => pilot.close());
  const stop = new AbortController();
  cleanup.add(() => stop.abort());
  return {
    folder,
    client: api.client,
    pilot,
    tokenOf: ({ namespace, name, audience }) =>
      pki.tokens.issue({
        namespace,
        name,
        lifetimeMs: 3_600_000,
        ...(audience !== undefined && { audiences: [audience] }),
      }),
    ask: ask(opened),
    followRoots: (namespace, path) => followRoots(api.client, { namespace, path }, stop.signal),
    close: () => cleanup.run(),
  };
};
