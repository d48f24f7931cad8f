import type { AccessLoggingSection, Telemetry } from '../input/telemetry.ts';
import type { MeshConfig } from '../mesh/mesh-config.ts';
import { providerNames, withProviders } from './section-providers.ts';
import { isForSide, type Side } from './side.ts';

/** What is logged by one provider. */
export interface LogSpec {
  readonly disabled: boolean;
  /** CEL; undefined: everything. */
  readonly expression: string | undefined;
}

const everything: LogSpec = { disabled: false, expression: undefined };

const sectionsFor = ({ accessLogging }: Telemetry, side: Side): readonly AccessLoggingSection[] =>
  accessLogging.filter(({ match }) => isForSide(match?.mode, side));

/** A filter goes with the providers that its section names. */
const filtersByProvider = (
  sections: readonly AccessLoggingSection[],
): ReadonlyMap<string, LogSpec> =>
  new Map(
    sections.flatMap((section) =>
      providerNames(section).map((name) => [
        name,
        { disabled: false, expression: section.filter?.expression || undefined },
      ]),
    ),
  );

/**
 * Istio's `mergeLogs`, by name of the provider. The most specific Telemetry that names providers for a
 * side says which there are; without any the mesh's default providers are.
 */
export const logSpecs = (
  { defaultProviders: { accessLogging: defaults } }: MeshConfig,
  telemetries: readonly Telemetry[],
  side: Side,
): ReadonlyMap<string, LogSpec> => {
  const levels = telemetries.filter(({ accessLogging }) => accessLogging.length > 0);
  if (levels.length === 0) return new Map(defaults.map((name) => [name, everything]));
  const named = levels.map((level) => sectionsFor(level, side).flatMap(providerNames));
  const inScope = new Set(named.findLast((names) => names.length > 0) ?? defaults);
  const filters = filtersByProvider(levels.flatMap((level) => sectionsFor(level, side)));
  const specs = new Map<string, LogSpec>();
  const sections = levels.flatMap(({ accessLogging }) => accessLogging);
  for (const { section, names } of withProviders(sections, defaults, inScope)) {
    if (!isForSide(section.match?.mode, side)) continue;
    for (const name of names) {
      const spec = filters.get(name) ?? everything;
      specs.set(name, section.disabled === true ? { ...everything, disabled: true } : spec);
    }
  }
  return specs;
};
