/** networking.istio.io StringMatch: one member is set; none (or regex `*`) means "present" in header and query matches. */
export interface StringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  /** RE2; must match the whole value. */
  readonly regex?: string;
}
