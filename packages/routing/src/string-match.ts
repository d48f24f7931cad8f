/** A compiled `envoy.type.matcher.v3.StringMatcher`. */
export interface StringMatch {
  /** For people: `exact jason`, `prefix /api`, `regex a.*`. */
  readonly text: string;
  matches(value: string): boolean;
}
