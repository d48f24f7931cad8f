/** networking.istio.io Percent: `value` from 0 to 100, fractions allowed. */
export interface Percent {
  readonly value?: number;
}
