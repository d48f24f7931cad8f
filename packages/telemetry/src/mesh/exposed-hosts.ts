import { resolveHost, type VirtualService } from '@lateen/api';
import { type MeshModel, rootNamespace } from './mesh-model.ts';

/** Services that answer with a part of the eyes (samples/addons). */
const addonServices: ReadonlySet<string> = new Set([
  ...['kiali', 'prometheus', 'grafana', 'tracing', 'zipkin', 'jaeger-collector'],
]);

const serviceNames = (name: string): readonly string[] => [
  name,
  `${name}.${rootNamespace}`,
  `${name}.${rootNamespace}.svc`,
  `${name}.${rootNamespace}.svc.cluster.local`,
];

/** Whether a VirtualService sends to one of our services. */
const sendsToUs = (rule: VirtualService, ours: ReadonlySet<string>): boolean =>
  (rule.spec.http ?? []).some(({ route }) =>
    (route ?? []).some(({ destination }) => {
      // A short name means a service beside the rule.
      const host = resolveHost(destination?.host ?? '', rule.metadata.namespace ?? 'default');
      return ours.has(host);
    }),
  );

/**
 * Names under which the mesh itself makes the eyes reachable: those of the addons' Services, and hosts of
 * VirtualServices that send there. Whoever may write those may decide it.
 */
export const exposedHosts = (
  model: MeshModel,
  virtualServices: readonly VirtualService[],
): ReadonlySet<string> => {
  const present = [...addonServices].filter((name) =>
    model.services.has(`${rootNamespace}/${name}`),
  );
  const ours = new Set(present.flatMap(serviceNames));
  const hosts = virtualServices
    .filter((rule) => sendsToUs(rule, ours))
    .flatMap(({ spec }) => spec.hosts ?? [])
    // A wildcard would allow every name, and so nothing would be refused.
    .filter((host) => !host.includes('*'));
  return new Set([...ours, ...hosts].map((host) => host.toLowerCase()));
};
