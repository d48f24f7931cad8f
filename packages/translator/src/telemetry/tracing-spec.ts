import type { ExtensionProvider } from '../input/extension-provider.ts';
import type { CustomTagInput, Telemetry, TracingSection } from '../input/telemetry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { findProvider } from '../push-context/extension-provider-lookup.ts';
import { providerNames } from './section-providers.ts';
import { isForSide, type Side } from './side.ts';

/** How one side of a proxy traces, all sections merged. */
export interface TracingSpec {
  /** Undefined: none of the name is in MeshConfig, and nothing is traced. */
  readonly provider: ExtensionProvider | undefined;
  readonly disabled: boolean;
  /** Percent; undefined: the proxy's or the mesh's. */
  readonly randomSamplingPercentage: number | undefined;
  readonly customTags: ReadonlyMap<string, CustomTagInput> | undefined;
  readonly useRequestIdForTraceSampling: boolean;
  readonly enableIstioTags: boolean;
  /** Spans are made, and requests go on with the context they came with. */
  readonly disableContextPropagation: boolean;
}

/** What a section says over what was said before; tags are replaced as a whole, as in Istio. */
const merge = (mesh: MeshConfig, spec: TracingSpec, section: TracingSection): TracingSpec => {
  const [name] = providerNames(section);
  return {
    provider: name === undefined ? spec.provider : findProvider(mesh, name),
    disabled: section.disableSpanReporting ?? spec.disabled,
    randomSamplingPercentage: section.randomSamplingPercentage ?? spec.randomSamplingPercentage,
    customTags: section.customTags ?? spec.customTags,
    useRequestIdForTraceSampling:
      section.useRequestIdForTraceSampling ?? spec.useRequestIdForTraceSampling,
    enableIstioTags: section.enableIstioTags ?? spec.enableIstioTags,
    disableContextPropagation: section.disableContextPropagation ?? spec.disableContextPropagation,
  };
};

/**
 * Merges the tracing sections, least specific first. Undefined: neither Telemetry nor the mesh's default
 * providers say anything, and the old settings of MeshConfig count.
 */
export const tracingSpec = (
  mesh: MeshConfig,
  telemetries: readonly Telemetry[],
  side: Side,
): TracingSpec | undefined => {
  const sections = telemetries.flatMap(({ tracing }) => tracing);
  const [defaultProvider] = mesh.defaultProviders.tracing;
  if (sections.length === 0 && defaultProvider === undefined) return undefined;
  const initial: TracingSpec = {
    provider: defaultProvider === undefined ? undefined : findProvider(mesh, defaultProvider),
    disabled: false,
    randomSamplingPercentage: undefined,
    customTags: undefined,
    useRequestIdForTraceSampling: true,
    enableIstioTags: true,
    disableContextPropagation: false,
  };
  return sections
    .filter(({ match }) => isForSide(match?.mode, side))
    .reduce((spec, section) => merge(mesh, spec, section), initial);
};
