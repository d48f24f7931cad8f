import type { Telemetry } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import type { MeshProvider, TelemetrySection } from '../context/mesh-provider.ts';
import { type Finding, finding } from '../finding.ts';
import { invalidTelemetryProvider, telemetryProviderUnusable } from '../message.ts';

/** A section that is meant for the mesh's default providers, where there are none. */
const withoutProviders = (telemetry: Telemetry): readonly Finding[] =>
  (telemetry.spec?.accessLogging ?? []).flatMap(({ providers = [], disabled }, index) =>
    providers.length > 0 || disabled === true
      ? []
      : [
          finding(
            telemetry,
            invalidTelemetryProvider(telemetry.metadata.name, namespaceOf(telemetry)),
            `spec.accessLogging[${index}]`,
          ),
        ],
  );

const problemOf = (
  provider: MeshProvider | undefined,
  section: TelemetrySection,
  { hosts, rootNamespace }: AnalysisContext,
): string | undefined => {
  if (provider === undefined) return 'MeshConfig has no such extension provider';
  if (!provider.takes.includes(section)) return 'it is not made for that';
  const { service } = provider;
  const host = service?.slice(service.indexOf('/') + 1);
  return host !== undefined && hosts.find(host, rootNamespace) === undefined
    ? `its service ${host} is not in the mesh`
    : undefined;
};

const sections: readonly TelemetrySection[] = ['tracing', 'accessLogging', 'metrics'];

/** Providers that are named and do not work: nothing is told them, and Istio says nothing. */
const unusable = (telemetry: Telemetry, context: AnalysisContext): readonly Finding[] => {
  const { providers: known } = context;
  if (known === undefined) return [];
  return sections.flatMap((section) =>
    (telemetry.spec?.[section] ?? []).flatMap(({ providers = [] }, at) =>
      providers.flatMap(({ name }, index) => {
        const provider = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
        const problem = problemOf(provider, section, context);
        if (problem === undefined) return [];
        const path = `spec.${section}[${at}].providers[${index}].name`;
        return [finding(telemetry, telemetryProviderUnusable(name, section, problem), path)];
      }),
    ),
  );
};

/** Providers of Telemetry are there, and made for what they are asked. */
export const telemetryProviders: Analyzer = {
  name: 'telemetry.ProviderAnalyzer',
  description: 'Validates that providers of telemetry resources are valid',
  analyze: (context) =>
    context.telemetries.flatMap((telemetry) => [
      ...(context.defaultLogProviders.length > 0 ? [] : withoutProviders(telemetry)),
      ...unusable(telemetry, context),
    ]),
};
