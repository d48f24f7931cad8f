/** Envoy's response flags in their short form, as `%RESPONSE_FLAGS%` prints them. */
export type ResponseFlag =
  /** No healthy upstream. */
  | 'UH'
  /** Upstream connection failure. */
  | 'UF'
  /** Upstream overflow: circuit breaker. */
  | 'UO'
  /** No route. */
  | 'NR'
  /** Upstream request timeout. */
  | 'UT'
  /** Upstream connection termination. */
  | 'UC'
  /** Upstream remote reset. */
  | 'UR'
  /** Upstream protocol error. */
  | 'UPE'
  /** Downstream connection termination. */
  | 'DC'
  /** Downstream protocol error. */
  | 'DPE'
  /** Delay injected. */
  | 'DI'
  /** Fault injected. */
  | 'FI'
  /** Retry limit exceeded. */
  | 'URX'
  /** No cluster. */
  | 'NC'
  /** External authorisation denied. */
  | 'UAEX'
  /** Rate limited. */
  | 'RL'
  /** Local reset. */
  | 'LR'
  /** Stream idle timeout. */
  | 'SI'
  /** Maximum duration. */
  | 'DT'
  /** Upstream maximum stream duration. */
  | 'UMSDR'
  /** Dropped to spare an overloaded service (EDS `drop_overloads`). */
  | 'DO';
