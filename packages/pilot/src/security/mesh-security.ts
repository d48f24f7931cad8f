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
import type { PilotMetrics } from '../metrics.ts';
import { authenticate, type IncomingCall } from './caller.ts';
import { createCertificateHandler } from './certificate-service.ts';
import { buildGatewaySecrets } from './gateway-secrets.ts';
import { MeshAuthority, type RootRotation } from './mesh-authority.ts';
import { nodeProblem } from './node-identity.ts';
import { publishedRoots, RootPublisher, rootConfigMapName } from './root-publisher.ts';
import { accessLifetimeMs, SecretAccess } from './secret-access.ts';
import { SecureListener } from './secure-listener.ts';
import { ServerIdentity } from './server-identity.ts';
import { tokenReviewer } from './token-review.ts';

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
  /** All Secrets. */
  readonly secrets: ObjectCache<KubeObject>;
  /** The right to read Secrets has changed: gateways may have to hear of it. */
  readonly onAccessChange: () => void;
  readonly keyAlgorithm?: KeyAlgorithm;
  readonly rotation?: RootRotation;
}

/** Certificates for workloads, the secure port, and who may have what over it. */
export class MeshSecurity implements StreamGuard {
  readonly #options: MeshSecurityOptions;
  readonly #rootMaps: Informer<ConfigMap>;
  readonly #access: SecretAccess;
  readonly #routers = new Map<string, SpiffeId>();
  readonly authority: MeshAuthority;
  readonly #publisher: RootPublisher;
  #identity: ServerIdentity | undefined;
  #listener: SecureListener | undefined;
  #cancelReview: () => void = () => undefined;

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
    const problem = nodeProblem(proxy, identity, this.#options.pods);
    if (problem !== undefined)
      return {
        refusal: {
          code: grpcStatus.PERMISSION_DENIED,
          message: `authorization failed: ${problem}`,
        },
      };
    if (proxy.type === 'router') {
      this.#routers.set(formatSpiffeId(identity), identity);
      await this.#access.ask(identity);
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
    if (!this.#access.isAllowed(identity)) return [];
    const find = (namespace: string, name: string): Secret | undefined =>
      this.#options.secrets.get(name, namespace) as Secret | undefined;
    return buildGatewaySecrets(names, identity.namespace, find);
  }

  #authenticate(call: IncomingCall): ReturnType<typeof authenticate> {
    const { client, trustDomains } = this.#options;
    const peers = { peer: (address: string) => this.#listener?.peer(address) };
    return authenticate(call, { peers, trustDomains, reviewToken: tokenReviewer(client) });
  }

  /** Rights of gateways are looked at again while they are connected. */
  #reviewLater(): void {
    const { clock, onAccessChange } = this.#options;
    this.#cancelReview = clock.schedule(accessLifetimeMs, () => {
      void (async () => {
        let differs = false;
        for (const identity of this.#routers.values()) {
          const before = this.#access.isAllowed(identity);
          differs ||= (await this.#access.ask(identity)) !== before;
        }
        if (differs) onAccessChange();
      })();
      this.#reviewLater();
    });
  }
}
