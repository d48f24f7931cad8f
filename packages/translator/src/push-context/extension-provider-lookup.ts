import { type ExtensionProvider, readExtensionProviders } from '../input/extension-provider.ts';
import { logService, type ProviderService } from '../input/telemetry-provider.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { outboundCluster } from '../naming/cluster-name.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import type { PushContext } from './push-context.ts';

/** Istio's own providers; one of the same name in MeshConfig takes their place. */
const builtInProviders: readonly ExtensionProvider[] =
  readExtensionProviders([
    { name: 'prometheus', prometheus: {} },
    { name: 'envoy', envoyFileAccessLog: { path: '/dev/stdout' } },
  ]) ?? [];

/** By name, whatever its case. */
export const findProvider = (
  { extensionProviders }: MeshConfig,
  name: string,
): ExtensionProvider | undefined => {
  const wanted = name.toLowerCase();
  return [...extensionProviders, ...builtInProviders].find(
    (provider) => provider.name?.toLowerCase() === wanted,
  );
};

/** A provider as far as Telemetry goes. */
export interface TelemetryProvider {
  readonly name: string;
  /** What it can be told. */
  readonly takes: readonly ('tracing' | 'accessLogging' | 'metrics')[];
  /** `[namespace/]hostname`; undefined: it is no service. */
  readonly service: string | undefined;
}

/** All providers that a Telemetry may name, built-in ones too. */
export const telemetryProviders = ({
  extensionProviders,
}: Pick<MeshConfig, 'extensionProviders'>): readonly TelemetryProvider[] =>
  [...extensionProviders, ...builtInProviders].map((provider) => {
    const { opentelemetry, zipkin, envoyFileAccessLog, prometheus } = provider;
    const logs = logService(provider);
    const spans = opentelemetry ?? zipkin;
    return {
      name: provider.name ?? '',
      takes: [
        ...(spans === undefined ? [] : ['tracing' as const]),
        ...((envoyFileAccessLog ?? logs) ? ['accessLogging' as const] : []),
        ...(prometheus === undefined ? [] : ['metrics' as const]),
      ],
      service: (spans ?? logs)?.service,
    };
  });

/** Where a provider is reached. */
export interface ProviderTarget {
  readonly service: MeshService;
  readonly hostname: string;
  readonly cluster: string;
}

/**
 * The service of a provider, `[namespace/]hostname`; undefined: there is none, it has no such port, or
 * several namespaces have one of the name (Istio's `LookupCluster`).
 */
export const findProviderTarget = (
  push: PushContext,
  { service = '', port }: ProviderService,
): ProviderTarget | undefined => {
  const slash = service.indexOf('/');
  const hostname = service.slice(slash + 1);
  const candidates = (push.services.byHostname.get(hostname) ?? []).filter(
    ({ namespace }) => slash < 0 || namespace === service.slice(0, slash),
  );
  const [found] = candidates;
  const isThere = found?.ports.some(({ number }) => number === port) === true;
  if (found === undefined || !isThere || candidates.length > 1) return undefined;
  return { service: found, hostname, cluster: outboundCluster(port ?? 0, '', hostname) };
};
