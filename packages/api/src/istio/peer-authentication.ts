import type { KubeObject } from '../object.ts';
import type { IstioStatus } from './istio-status.ts';
import type { PolicySelector } from './policy-target.ts';

/** security.istio.io PeerAuthentication.MutualTLS; UNSET inherits, finally PERMISSIVE. */
export interface MutualTls {
  readonly mode?: 'UNSET' | 'DISABLE' | 'PERMISSIVE' | 'STRICT';
}

/** security.istio.io PeerAuthentication. */
export interface PeerAuthenticationSpec {
  readonly selector?: PolicySelector;
  readonly mtls?: MutualTls;
  /** By workload port; only with a selector. */
  readonly portLevelMtls?: Readonly<Record<string, MutualTls>>;
}

/** A security.istio.io PeerAuthentication object. */
export interface PeerAuthentication extends KubeObject<PeerAuthenticationSpec, IstioStatus> {}
