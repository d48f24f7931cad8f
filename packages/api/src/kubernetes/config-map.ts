import type { KubeObject } from '../object.ts';

/** core/v1 ConfigMap; `binaryData` values are base64. */
export interface ConfigMap extends KubeObject<never, never> {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
  readonly immutable?: boolean;
}
