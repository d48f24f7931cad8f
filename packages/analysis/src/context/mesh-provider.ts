/** Sections of a Telemetry that name providers. */
export type TelemetrySection = 'tracing' | 'accessLogging' | 'metrics';

/** An extension provider of MeshConfig, or one that is built in, as far as Telemetry goes. */
export interface MeshProvider {
  readonly name: string;
  /** What it can be told. */
  readonly takes: readonly TelemetrySection[];
  /** `[namespace/]hostname` of where it is; undefined: it is no service. */
  readonly service: string | undefined;
}
