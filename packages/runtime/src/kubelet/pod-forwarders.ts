import type { Container } from '@lateen/api';
import { Forwarder } from '../network/forwarder.ts';
import { reasonOf } from '../runtime-error.ts';
import type { ForwardProxy } from '../service-proxy/forward-proxy.ts';
import { openForwardProxy } from '../service-proxy/forward-proxy.ts';
import type { KubeletContext } from './kubelet-context.ts';
import type { PodSite } from './process-command.ts';

/** Port of the HTTP proxy on every pod's address, sidecar or not (ARCHITECTURE.md, "Addresses"). */
const httpProxyPort = 15_002;

/**
 * What stands on the address of a pod without a proxy of its own: its ports, forwarded to the apps,
 * and an HTTP proxy that knows the names of services. Pods of built-in programs get neither, but for
 * those that ask for the proxy: they listen on their address themselves.
 */
export class PodForwarders {
  readonly #forwarders: readonly Forwarder[];
  readonly #proxy: ForwardProxy | undefined;
  /** Addresses that could not be had, each with the reason. */
  readonly failed: readonly string[];

  private constructor(
    forwarders: readonly Forwarder[],
    proxy: ForwardProxy | undefined,
    failed: readonly string[],
  ) {
    this.#forwarders = forwarders;
    this.#proxy = proxy;
    this.failed = failed;
  }

  static async open(site: PodSite, context: KubeletContext): Promise<PodForwarders> {
    const isProgram = ({ image = '' }: Container): boolean => {
      const program = context.catalog.find(image)?.program;
      return program !== undefined && program.takesProxy !== true;
    };
    const { containers, initContainers = [] } = site.pod.spec;
    if ([...containers, ...initContainers].some(isProgram))
      return new PodForwarders([], undefined, []);
    const host = site.addresses.podAddress;
    const forwarders: Forwarder[] = [];
    const failed: string[] = [];
    for (const [port, own] of site.ports.all())
      try {
        const destination = { host: '127.0.0.1', port: own };
        forwarders.push(await Forwarder.open({ host, port }, () => destination));
      } catch (error) {
        failed.push(`${host}:${port}: ${reasonOf(error)}`);
      }
    try {
      const namespace = site.pod.metadata.namespace ?? 'default';
      const services = (): ReturnType<typeof context.config.services> => context.config.services();
      const proxy = await openForwardProxy({ host, port: httpProxyPort, namespace, services });
      return new PodForwarders(forwarders, proxy, failed);
    } catch (error) {
      failed.push(`${host}:${httpProxyPort}: ${reasonOf(error)}`);
      return new PodForwarders(forwarders, undefined, failed);
    }
  }

  close(): void {
    for (const forwarder of this.#forwarders) forwarder.close();
    this.#proxy?.close();
  }
}
