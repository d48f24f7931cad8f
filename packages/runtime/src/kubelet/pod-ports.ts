import type { Container, Pod, Probe } from '@lateen/api';

const probePort = (probe: Probe | undefined): number | undefined => {
  const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
  return typeof port === 'number' ? port : undefined;
};

/**
 * The TCP ports of a container, declared ones first: `ports`, then those its probes ask, as
 * `containerPort` is informational in Kubernetes.
 */
export const workloadPorts = (container: Container): readonly number[] => {
  const declared = (container.ports ?? [])
    .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
    .map(({ containerPort }) => containerPort);
  const probed = [container.readinessProbe, container.livenessProbe, container.startupProbe]
    .map(probePort)
    .filter((port) => port !== undefined);
  return [...new Set([...declared, ...probed])];
};

/** Ports of 127.0.0.1 that the apps of one pod were given. */
export class PodPorts {
  readonly #byContainer: ReadonlyMap<string, ReadonlyMap<number, number>>;

  constructor(byContainer: ReadonlyMap<string, ReadonlyMap<number, number>>) {
    this.#byContainer = byContainer;
  }

  /** Claims a port for each workload port of the containers that are apps. */
  static async claim(
    pod: Pod,
    isApp: (container: Container) => boolean,
    claimAppPort: () => Promise<number>,
  ): Promise<PodPorts> {
    const byContainer = new Map<string, ReadonlyMap<number, number>>();
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      if (!isApp(container)) continue;
      const ports = new Map<number, number>();
      for (const port of workloadPorts(container)) ports.set(port, await claimAppPort());
      byContainer.set(container.name, ports);
    }
    return new PodPorts(byContainer);
  }

  /** Workload port to port of 127.0.0.1, of all containers. */
  all(): ReadonlyMap<number, number> {
    return new Map([...this.#byContainer.values()].flatMap((ports) => [...ports]));
  }

  /** Ports of 127.0.0.1 that were claimed. */
  claimed(): readonly number[] {
    return [...this.#byContainer.values()].flatMap((ports) => [...ports.values()]);
  }

  /** `PORT` is the first port's, `PORT_<containerPort>` each port's (ARCHITECTURE.md, "Addresses"). */
  environment(container: string): Record<string, string> {
    const ports = [...(this.#byContainer.get(container) ?? [])];
    const [first] = ports;
    if (first === undefined) return {};
    return {
      HOST: '127.0.0.1',
      PORT: String(first[1]),
      ...Object.fromEntries(ports.map(([port, own]) => [`PORT_${port}`, String(own)])),
    };
  }
}

/** Number of a port given by number or by the name a container gives it. */
export const portNumber = (container: Container, port: number | string): number | undefined => {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  if (named !== undefined) return named;
  return /^\d+$/.test(port) ? Number(port) : undefined;
};
