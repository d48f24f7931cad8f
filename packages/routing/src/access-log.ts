import type { Format, FormatContext } from './format-context.ts';

/** Where access-log lines go and how they read (`envoy.config.accesslog.v3.AccessLog`). */
export interface AccessLogSettings {
  readonly name: string;
  readonly sink:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'stdout' }
    | { readonly kind: 'stderr' }
    /** A sink of another kind, kept for those who know it. */
    | { readonly kind: 'other'; readonly typeUrl: string; readonly value: Uint8Array };
  /** One line with its newline. Unused by `other` sinks. */
  readonly format: Format;
  /** False: this request is not logged. */
  accepts(context: FormatContext): boolean;
}
