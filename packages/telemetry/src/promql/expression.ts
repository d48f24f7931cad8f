import { TelemetryError } from '../telemetry-error.ts';

/** A condition on a label, as written. */
export interface WrittenMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** `name{label="value"}[5m] offset 1m`. */
export interface SelectorExpression {
  readonly kind: 'selector';
  /** '': any that fits the matchers. */
  readonly name: string;
  readonly matchers: readonly WrittenMatcher[];
  /** 0: an instant vector. */
  readonly rangeMs: number;
  readonly offsetMs: number;
}

export interface AggregateExpression {
  readonly kind: 'aggregate';
  readonly operator: string;
  /** Labels kept, or left out. */
  readonly grouping: 'by' | 'without';
  readonly labels: readonly string[];
  readonly parameter: Expression | undefined;
  readonly of: Expression;
}

export interface BinaryExpression {
  readonly kind: 'binary';
  readonly operator: string;
  readonly left: Expression;
  readonly right: Expression;
  /** `bool`: comparisons answer 0 or 1 instead of filtering. */
  readonly isBool: boolean;
  /** Labels that pairs are found by: all but those ignored, or only those named. */
  readonly matching: { readonly kind: 'ignoring' | 'on'; readonly labels: readonly string[] };
}

/** The part of PromQL that Istio's and Kiali's dashboards use. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'negative'; readonly of: Expression }
  | SelectorExpression
  | AggregateExpression
  | BinaryExpression;

/** A query that cannot be read or evaluated. Thrown within this folder, an answer at its edge (`promql-query.ts`). */
export const badQuery = (message: string): TelemetryError =>
  new TelemetryError('bad-query', message);
