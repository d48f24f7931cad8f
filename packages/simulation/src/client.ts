import type { JwtWorld } from '@lateen/routing';

/** Who sends a hypothetical request, as far as policies care. */
export interface SimulatedClient {
  /**
   * SPIFFE id of its certificate. Absent: callers with a proxy have that of their service account
   * where the mesh uses mTLS, others speak plaintext.
   */
  readonly principal?: string;
  /** Its IP address. Absent: the pod's, or one outside of the mesh. */
  readonly address?: string;
  /** Claims of a token that every provider believes. Without `iss` the issuer is that of the provider. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Checks signatures of tokens in headers. Absent: none is checked, which the result says. */
  readonly verify?: JwtWorld['verify'];
  /** When the request is sent, in seconds since the epoch. Default 0: no token has expired. */
  readonly nowSeconds?: number;
}
