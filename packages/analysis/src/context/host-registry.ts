import { defaultClusterDomain, resolveHost, type Service, type ServiceEntry } from '@lateen/api';

/** A host of the registry, as far as references to it need to know. */
export interface RegisteredHost {
  readonly host: string;
  /** Namespaces that see it; `*` is every one. */
  readonly scopes: ReadonlySet<string>;
  readonly ports: readonly number[];
  /** Labels that a ServiceEntry's workloadSelector wants. */
  readonly workloadLabels: Readonly<Record<string, string>>;
  /** Labels of endpoints that are written out in a ServiceEntry. */
  readonly endpointLabels: readonly Readonly<Record<string, string>>[];
}

/** Who sees what: `*`, `.` (the own namespace), names; absent is everyone. */
export const scopesOf = (
  exportTo: readonly string[] | undefined,
  namespace: string,
): ReadonlySet<string> => {
  if (exportTo === undefined || exportTo.length === 0 || exportTo.includes('*'))
    return new Set(['*']);
  return new Set(exportTo.map((one) => (one === '.' ? namespace : one)));
};

const exportAnnotation = 'networking.istio.io/exportTo';

const serviceHost = ({ metadata, spec }: Service): RegisteredHost => {
  const namespace = metadata.namespace ?? '';
  const exportTo = metadata.annotations?.[exportAnnotation]?.split(',').map((one) => one.trim());
  return {
    host: resolveHost(metadata.name, namespace),
    scopes: scopesOf(exportTo, namespace),
    ports: (spec?.ports ?? []).map(({ port }) => port),
    workloadLabels: {},
    endpointLabels: [],
  };
};

const entryHosts = ({ metadata, spec }: ServiceEntry): readonly RegisteredHost[] => {
  const namespace = metadata.namespace ?? '';
  return spec.hosts.map((host) => ({
    host: resolveHost(host, namespace),
    scopes: scopesOf(spec.exportTo, namespace),
    ports: (spec.ports ?? []).map(({ number }) => number),
    workloadLabels: spec.workloadSelector?.labels ?? {},
    endpointLabels: (spec.endpoints ?? []).map(({ labels }) => labels ?? {}),
  }));
};

/** Services and ServiceEntries by host name (istioctl's service_lookup). */
export interface HostRegistry {
  /** What `host`, written in `namespace`, means there; undefined when nothing of that name is visible. */
  find(host: string, namespace: string): RegisteredHost | undefined;
}

const isVisible = ({ scopes }: RegisteredHost, namespace: string): boolean =>
  scopes.has('*') || scopes.has(namespace);

/** Indexes exact names; wildcards are few and searched. */
export const createHostRegistry = (
  services: readonly Service[],
  entries: readonly ServiceEntry[],
): HostRegistry => {
  const exact = Map.groupBy(
    [...services.map(serviceHost), ...entries.flatMap(entryHosts)],
    ({ host }) => host,
  );
  const wildcards = [...exact.values()].flat().filter(({ host }) => host.startsWith('*'));
  return {
    find: (host, namespace) => {
      const name = resolveHost(host, namespace, defaultClusterDomain);
      const found = exact.get(name)?.find((one) => isVisible(one, namespace));
      if (found !== undefined) return found;
      const bare = name.replace(/^\*/, '');
      const covering = wildcards.find(
        (one) => isVisible(one, namespace) && bare.endsWith(one.host.slice(1)),
      );
      if (covering !== undefined || !name.startsWith('*')) return covering;
      // A rule for *.ns.svc.cluster.local is about every service below it.
      return [...exact.values()]
        .flat()
        .find((one) => isVisible(one, namespace) && one.host.endsWith(bare));
    },
  };
};
