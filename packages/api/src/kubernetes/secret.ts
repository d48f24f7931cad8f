import type { KubeObject } from '../object.ts';

/** core/v1 Secret; `data` values are base64, `stringData` is write-only and merged into `data`. */
export interface Secret extends KubeObject<never, never> {
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  /** Default Opaque; `kubernetes.io/tls` has `tls.crt` and `tls.key`. */
  readonly type?: string;
  readonly immutable?: boolean;
}
