import type { EndpointSlice, Service } from '@lateen/api';
import type { Clock, Logger } from '@lateen/base';
import type { Informer } from '@lateen/kube';
import type { EventRecorder } from '../kubelet/event-recorder.ts';
import { Forwarder } from '../network/forwarder.ts';
import { type HeldPort, systemErrorCode } from '../network/tcp-listener.ts';
import type { Destination } from '../network/tcp-relay.ts';
import { reasonOf } from '../runtime-error.ts';
import { readyEndpoints, serviceAddresses, serviceNameLabel } from './service-backends.ts';

/** First and last wait until an address that could not be had is tried again. */
const retryFirstMs = 500;
const retryLastMs = 60_000;

export interface ServiceProxyOptions {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly nodeAddress: string;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** A further address for one port of a service, such as the gateway's on 127.0.0.1. */
  readonly extra: readonly ExtraAddress[];
}

/** Listens on `address` for `namespace/name` and its port number. */
export interface ExtraAddress {
  readonly service: string;
  readonly servicePort: number;
  readonly address: Destination;
  /** Keeps the address for us until we listen. */
  readonly held?: HeldPort;
}

interface Binding {
  readonly serviceKey: string;
  readonly servicePort: number;
  readonly address: Destination;
  turn: number;
  forwarder: Forwarder | undefined;
  failures: number;
  closed: boolean;
  cancelRetry: (() => void) | undefined;
}

/** An address that cannot be listened on, and why. */
export interface BindFailure {
  readonly service: string;
  readonly address: string;
  readonly reason: string;
}

/**
 * Our kube-proxy: listens on the addresses of services and forwards TCP to their ready endpoints in
 * turn. Addresses that cannot be had (ports below 1024 without privileges) are reported and tried
 * again; the others work.
 */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #bindings = new Map<string, Binding>();
  readonly #backends = new Map<string, ReadonlyMap<number, readonly Destination[]>>();
  #unsubscribe: readonly (() => void)[] = [];

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
  }

  /** Listens for what the caches hold; call when they are complete. */
  start(): void {
    const { services, slices } = this.#options;
    this.#unsubscribe = [
      slices.onChange(({ before, after }) => {
        const slice = after ?? before;
        const name = slice?.metadata.labels?.[serviceNameLabel];
        if (name !== undefined) this.#backends.delete(`${slice?.metadata.namespace}/${name}`);
      }),
      services.onChange(({ key, after }) => this.#onService(key, after)),
    ];
  }

  /** What cannot be listened on at the moment. */
  failures(): readonly BindFailure[] {
    return [...this.#bindings.values()]
      .filter(({ failures }) => failures > 0)
      .map(({ serviceKey, address }) => ({
        service: serviceKey,
        address: `${address.host}:${address.port}`,
        reason: address.port < 1_024 ? 'ports below 1024 need privileges' : 'address in use',
      }));
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const id of [...this.#bindings.keys()]) this.#close(id);
  }

  #onService(key: string, service: Service | undefined): void {
    this.#backends.delete(key);
    const wanted = new Map<string, Destination & { servicePort: number }>();
    if (service !== undefined) {
      for (const { host, port, servicePort } of serviceAddresses(
        service,
        this.#options.nodeAddress,
      ))
        wanted.set(`${key} ${host}:${port}`, { host, port, servicePort: servicePort.port });
      for (const { address, servicePort } of this.#extrasOf(key))
        wanted.set(`${key} ${address.host}:${address.port}`, { ...address, servicePort });
    }
    for (const [id, binding] of this.#bindings)
      if (binding.serviceKey === key && wanted.get(id)?.servicePort !== binding.servicePort)
        this.#close(id);
    for (const [id, { host, port, servicePort }] of wanted)
      if (!this.#bindings.has(id)) this.#open(id, { host, port }, { key, servicePort });
  }

  #extrasOf(key: string): readonly ExtraAddress[] {
    return this.#options.extra.filter(({ service }) => service === key);
  }

  #open(id: string, address: Destination, service: { key: string; servicePort: number }): void {
    const binding: Binding = {
      serviceKey: service.key,
      servicePort: service.servicePort,
      address,
      turn: 0,
      forwarder: undefined,
      failures: 0,
      closed: false,
      cancelRetry: undefined,
    };
    this.#bindings.set(id, binding);
    void this.#bind(binding);
  }

  async #bind(binding: Binding): Promise<void> {
    const extra = this.#options.extra.find(
      ({ address: { host, port } }) =>
        host === binding.address.host && port === binding.address.port,
    );
    extra?.held?.release();
    try {
      const forwarder = await Forwarder.open(binding.address, () => this.#next(binding));
      if (binding.closed) forwarder.close();
      binding.forwarder = forwarder;
      binding.failures = 0;
    } catch (error) {
      binding.failures += 1;
      this.#report(binding, error);
      const delayMs = Math.min(retryFirstMs * 2 ** (binding.failures - 1), retryLastMs);
      if (!binding.closed)
        binding.cancelRetry = this.#options.clock.schedule(delayMs, () => void this.#bind(binding));
    }
  }

  /** Once for each address, not for each try. */
  #report({ serviceKey, address, failures }: Binding, error: unknown): void {
    if (failures > 1) return;
    const { log, events, services } = this.#options;
    const where = `${address.host}:${address.port}`;
    const hint = systemErrorCode(error) === 'EACCES' ? ' (ports below 1024 need privileges)' : '';
    log.warn('service address not available', { address: where, reason: reasonOf(error) });
    const service = services.getByKey(serviceKey);
    const message = `cannot listen on ${where}${hint}: ${reasonOf(error)}`;
    if (service !== undefined)
      events.record(service, { type: 'Warning', reason: 'ListenFailed', message });
  }

  #next(binding: Binding): Destination | undefined {
    const all = this.#backendsOf(binding.serviceKey).get(binding.servicePort) ?? [];
    if (all.length === 0) return undefined;
    const destination = all[binding.turn % all.length];
    binding.turn = (binding.turn + 1) % all.length;
    return destination;
  }

  #backendsOf(key: string): ReadonlyMap<number, readonly Destination[]> {
    const known = this.#backends.get(key);
    if (known !== undefined) return known;
    const { services, slices } = this.#options;
    const service = services.getByKey(key);
    const own = slices
      .list()
      .filter(
        ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[serviceNameLabel]}` === key,
      );
    const result = new Map(
      (service?.spec?.ports ?? []).map((port) => [port.port, readyEndpoints(port, own)]),
    );
    this.#backends.set(key, result);
    return result;
  }

  #close(id: string): void {
    const binding = this.#bindings.get(id);
    if (binding === undefined) return;
    binding.closed = true;
    binding.cancelRetry?.();
    binding.forwarder?.close();
    this.#bindings.delete(id);
  }
}
