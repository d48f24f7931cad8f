import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicyTarget } from './policy-target.ts';

/** extensions.istio.io WasmPlugin. */
export interface WasmPluginSpec extends PolicyTarget {
  /** `oci://` (default scheme), `file://`, `http(s)://`. */
  readonly url: string;
  readonly sha256?: string;
  readonly imagePullPolicy?: 'UNSPECIFIED_POLICY' | 'IfNotPresent' | 'Always';
  readonly imagePullSecret?: string;
  /** Accepted, not implemented by Istio. */
  readonly verificationKey?: string;
  readonly pluginConfig?: Readonly<Record<string, unknown>>;
  readonly pluginName?: string;
  readonly phase?: 'UNSPECIFIED_PHASE' | 'AUTHN' | 'AUTHZ' | 'STATS';
  /** Higher first. */
  readonly priority?: number | null;
  /** Default FAIL_CLOSE. */
  readonly failStrategy?: 'FAIL_CLOSE' | 'FAIL_OPEN' | 'FAIL_RELOAD';
  readonly vmConfig?: {
    readonly env?: readonly {
      readonly name: string;
      readonly valueFrom?: 'INLINE' | 'HOST';
      readonly value?: string;
    }[];
  };
  readonly match?: readonly {
    readonly mode?: 'UNDEFINED' | 'CLIENT' | 'SERVER' | 'CLIENT_AND_SERVER';
    readonly ports?: readonly { readonly number: number }[];
  }[];
  /** Default HTTP. */
  readonly type?: 'UNSPECIFIED_PLUGIN_TYPE' | 'HTTP' | 'NETWORK';
}

/** An extensions.istio.io/v1alpha1 WasmPlugin object. */
export interface WasmPlugin extends KubeObject<WasmPluginSpec, IstioStatus> {
  readonly spec: WasmPluginSpec;
}
