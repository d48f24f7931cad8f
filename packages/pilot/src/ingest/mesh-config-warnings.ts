import { type MeshConfig, telemetryProviders } from '@lateen/translator';

/** A field of MeshConfig that will not do what it says, and why. */
export interface MeshConfigWarning {
  /** `defaultProviders.tracing`. */
  readonly field: string;
  readonly message: string;
}

const isJsonObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

const formatWarnings = ({
  accessLogEncoding,
  accessLogFormat,
}: MeshConfig): readonly MeshConfigWarning[] =>
  accessLogEncoding === 'TEXT' || accessLogFormat === '' || isJsonObject(accessLogFormat)
    ? []
    : [{ field: 'accessLogFormat', message: "is no JSON object: Istio's own format is used" }];

const providerWarnings = (mesh: MeshConfig): readonly MeshConfigWarning[] => {
  const known = telemetryProviders(mesh);
  const kinds = ['tracing', 'metrics', 'accessLogging'] as const;
  return kinds.flatMap((kind) =>
    mesh.defaultProviders[kind].flatMap((name) => {
      const provider = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
      if (provider?.takes.includes(kind) === true) return [];
      const reason =
        provider === undefined ? 'is no extension provider' : `is not made for ${kind}`;
      return [{ field: `defaultProviders.${kind}`, message: `"${name}" ${reason}` }];
    }),
  );
};

/** What is well-formed and yet without effect. */
export const meshConfigWarnings = (mesh: MeshConfig): readonly MeshConfigWarning[] => [
  ...formatWarnings(mesh),
  ...providerWarnings(mesh),
];
