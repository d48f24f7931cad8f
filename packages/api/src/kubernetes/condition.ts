/** meta/v1 Condition and the older per-kind conditions of the same shape. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly lastTransitionTime?: string;
  /** RFC 3339; Deployment conditions only. */
  readonly lastUpdateTime?: string;
  /** RFC 3339; Pod and Node conditions only. */
  readonly lastProbeTime?: string | null;
  readonly lastHeartbeatTime?: string;
  readonly observedGeneration?: number;
}
