import { status as grpcStatus, type Server, ServerCredentials } from '@grpc/grpc-js';
import type { ConfigMap, KubeObject, Secret } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import { formatSpiffeId, type KeyAlgorithm, type SpiffeId } from '@lateen/identity';
import { Informer, type KubeClient, type ObjectCache, resources } from '@lateen/kube';
import type { ProxyDescriptor } from '@lateen/translator';
import type { Resource } from '@lateen/xds';
import { IstioCertificateService } from '@lateen/xds/gen/istio/v1/auth/ca_pb.js';
import { grpcServiceDefinition } from '../ads/grpc-service.ts';
import type { Admission, StreamGuard } from '../ads/stream-guard.ts';
import type { RemoteClusters } from '../ingest/remote-clusters.ts';
import type { PilotMetrics } from '../metrics/pilot-metrics.ts';
import { authenticate, type IncomingCall } from './caller.ts';
import { createCertificateHandler } from './certificate-service.ts';
import { ControlledClusters, type SecretSource } from './controlled-clusters.ts';
import { buildGatewaySecrets } from './gateway-secrets.ts';
import { MeshAuthority, type RootRotation } from './mesh-authority.ts';
import { nodeProblem } from './node-identity.ts';
import { publishedRoots, RootPublisher, rootConfigMapName } from './root-publisher.ts';
import { accessLifetimeMs, SecretAccess } from './secret-access.ts';
import { SecureListener } from './secure-listener.ts';
import { ServerIdentity } from './server-identity.ts';
import { type ReviewToken, tokenReviewer } from './token-review.ts';

export interface MeshSecurityOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly jitter: () => number;
  readonly metrics: PilotMetrics;
  readonly rootNamespace: string;
  /** The mesh's own first, then its aliases. */
  readonly trustDomains: () => readonly string[];
  /** Roots of other meshes that workloads trust, PEM, one certificate each. */
  readonly foreignRoots: () => readonly string[];
  readonly namespaces: Informer<KubeObject>;
  readonly pods: () => readonly KubeObject[];
  /** The cluster behind `client`. */
  readonly clusterId: string;
  /** The other clusters of the mesh. */
  readonly remote: Pick<RemoteClusters, 'access' | 'problemOf' | 'onFollowed'>;
  /** All Secrets. */
  readonly secrets: ObjectCache<KubeObject>;
  /** The right to read Secrets, or a Secret of another cluster, has changed: gateways may have to hear of it. */
  readonly onAccessChange: () => void;
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly rotation?: RootRotation;
}

/** A gateway that was connected. */
interface Router {
  readonly clusterId: string;
  readonly identity: SpiffeId;
}

/** Certificates for workloads, the secure port, and who may have what over it. */
export class MeshSecurity implements StreamGuard {
  readonly #options: MeshSecurityOptions;
  readonly #rootMaps: Informer<ConfigMap>;
  readonly #access: SecretAccess;
  readonly #controlled: ControlledClusters;
  readonly #routers = new Map<string, Router>();
  readonly authority: MeshAuthority;
  readonly #publisher: RootPublisher;
  #identity: ServerIdentity | undefined;
  #listener: SecureListener | undefined;
  #cancelReview: () => void = () => undefined;
  #forgetRemote: () => void = () => undefined;

  constructor(options: MeshSecurityOptions) {
    this.#options = options;
    const { client, clock, log, jitter, rootNamespace } = options;
    this.#rootMaps = new Informer<ConfigMap>({
      ...{ client, clock, log, jitter },
      resource: resources.configMaps,
      fieldSelector: `metadata.name=${rootConfigMapName}`,
    });
    this.#access = new SecretAccess(client, clock, log);
    this.authority = new MeshAuthority({
      client,
      clock,
      log,
      secrets: options.secrets,
      rootNamespace,
      trustDomain: () => options.trustDomains()[0] ?? '',
      foreignRoots: options.foreignRoots,
      ...(options.keyAlgorithm !== undefined && { keyAlgorithm: options.keyAlgorithm }),
      ...(options.rotation !== undefined && { rotation: options.rotation }),
    });
    this.#publisher = new RootPublisher({
      client,
      clock,
      log,
      authority: this.authority,
      namespaces: options.namespaces,
      configMaps: this.#rootMaps,
    });
    this.#controlled = new ControlledClusters({
      ...{ clock, log, jitter, rootNamespace },
      clusterId: options.clusterId,
      authority: this.authority,
      askAgain: (id, access) => this.#askAgain(id, access),
      onSecretChange: options.onAccessChange,
    });
  }

  /** Finds or makes the authority and publishes its roots. Rejects with `bad-authority` or `KubeError`. */
  async start(signal: AbortSignal): Promise<void> {
    const { rootNamespace } = this.#options;
    void this.#rootMaps.run(signal);
    await this.#rootMaps.synced;
    await this.authority.start(
      publishedRoots(this.#rootMaps.get(rootConfigMapName, rootNamespace)),
    );
    this.#publisher.start();
    this.#forgetRemote = this.#options.remote.onFollowed((all) => this.#controlled.follow(all));
    this.#reviewLater();
  }

  /** Adds the certificate service and takes connections on `host:port`; returns the port. */
  async listen(server: Server, address: string): Promise<number> {
    const { clock, log, metrics, rootNamespace } = this.#options;
    server.addService(grpcServiceDefinition(IstioCertificateService), {
      createCertificate: createCertificateHandler({
        authority: this.authority,
        authenticate: (call) => this.#authenticate(call),
        metrics,
        log,
      }),
    });
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#identity = await ServerIdentity.create({
      authority: this.authority,
      clock,
      log,
      rootNamespace,
      onChange: (certificates) => this.#listener?.use(certificates),
    });
    const accept = injector.injectConnection.bind(injector);
    this.#listener = new SecureListener(this.#identity.certificates(), accept, log);
    return this.#listener.listen(address);
  }

  stop(): void {
    this.#cancelReview();
    this.#forgetRemote();
    this.#controlled.stop();
    this.#identity?.stop();
    this.#publisher.stop();
    this.authority.stop();
    this.#listener?.close();
  }

  /** Whether a stream may be the proxy it says it is. Streams of the plaintext port are not asked. */
  async admit(call: IncomingCall, proxy: ProxyDescriptor): Promise<Admission> {
    if (this.#listener?.peer(call.getPeer()) === undefined) return { identity: undefined };
    const { caller, refusal } = await this.#authenticate(call);
    if (refusal !== undefined) return { refusal };
    const { identity } = caller;
    const { remote } = this.#options;
    // It keeps what it has, instead of being told that its cluster is empty.
    const absence = remote.problemOf(proxy.clusterId);
    if (absence !== undefined)
      return { refusal: { code: grpcStatus.UNAVAILABLE, message: absence } };
    const place = remote.access(proxy.clusterId);
    const pods = place === undefined ? this.#options.pods : () => place.pods;
    const problem = nodeProblem(proxy, identity, pods);
    if (problem !== undefined)
      return {
        refusal: {
          code: grpcStatus.PERMISSION_DENIED,
          message: `authorization failed: ${problem}`,
        },
      };
    if (proxy.type === 'router') {
      const { clusterId } = proxy;
      this.#routers.set(`${clusterId} ${formatSpiffeId(identity)}`, { clusterId, identity });
      await this.#controlled.settled(clusterId);
      await this.#secretsOf(clusterId)?.access.ask(identity);
    }
    return { identity };
  }

  /** Gateways' Secrets, to routers that may read them themselves; to others nothing. */
  secrets(
    proxy: ProxyDescriptor,
    identity: SpiffeId | undefined,
    names: readonly string[],
  ): readonly Resource[] {
    if (identity === undefined || proxy.type !== 'router') return [];
    const source = this.#secretsOf(proxy.clusterId);
    if (source === undefined || !source.access.isAllowed(identity)) return [];
    return buildGatewaySecrets(names, identity.namespace, source.find);
  }

  /** Of the cluster a gateway is in; undefined when that is another and not under this control plane. */
  #secretsOf(clusterId: string): SecretSource | undefined {
    const { remote, secrets } = this.#options;
    if (remote.access(clusterId) !== undefined) return this.#controlled.secrets(clusterId);
    const find = (namespace: string, name: string): Secret | undefined =>
      secrets.get(name, namespace) as Secret | undefined;
    return { access: this.#access, find };
  }

  async #askAgain(clusterId: string, access: SecretAccess): Promise<void> {
    for (const router of this.#routers.values())
      if (router.clusterId === clusterId) await access.ask(router.identity);
  }

  #authenticate(call: IncomingCall): ReturnType<typeof authenticate> {
    const { trustDomains } = this.#options;
    const peers = { peer: (address: string) => this.#listener?.peer(address) };
    return authenticate(call, { peers, trustDomains, reviewer: (id) => this.#reviewer(id) });
  }

  /** Who knows the tokens of a cluster; undefined: nobody here does. */
  #reviewer(clusterId: string | undefined): ReviewToken | undefined {
    const { client, clusterId: own, remote, log } = this.#options;
    const isOwn = clusterId === undefined || clusterId === own;
    const asked = isOwn ? client : remote.access(clusterId)?.client;
    if (asked === undefined) return undefined;
    return async (token) => {
      try {
        return await tokenReviewer(asked)(token);
      } catch (error) {
        log.warn('token not reviewed', { cluster: clusterId ?? own, reason: String(error) });
        throw error;
      }
    };
  }

  /** Rights of gateways are looked at again while they are connected. */
  #reviewLater(): void {
    const { clock, onAccessChange } = this.#options;
    this.#cancelReview = clock.schedule(accessLifetimeMs, () => {
      void (async () => {
        let differs = false;
        for (const { clusterId, identity } of this.#routers.values()) {
          const access = this.#secretsOf(clusterId)?.access;
          if (access === undefined) continue;
          const before = access.isAllowed(identity);
          // Each is asked, whatever came of the others.
          const after = await access.ask(identity);
          differs ||= after !== before;
        }
        if (differs) onAccessChange();
      })();
      this.#reviewLater();
    });
  }
}
