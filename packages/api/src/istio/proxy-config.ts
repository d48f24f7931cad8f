import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicySelector } from './policy-target.ts';

/** networking.istio.io/v1beta1 ProxyConfig: applied when a pod is injected. */
export interface ProxyConfigSpec {
  readonly selector?: PolicySelector;
  /** 0: all cores. */
  readonly concurrency?: number | null;
  readonly environmentVariables?: Readonly<Record<string, string>>;
  readonly image?: { readonly imageType?: string };
}

/** A networking.istio.io/v1beta1 ProxyConfig object. */
export interface ProxyConfig extends KubeObject<ProxyConfigSpec, IstioStatus> {}
