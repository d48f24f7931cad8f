import type { RequestHead } from './request-head.ts';

/** A compiled `envoy.config.route.v3.HeaderMatcher`. */
export interface HeaderCondition {
  /** Lower-case; may be a pseudo header such as `:method`. */
  readonly name: string;
  /** For people: `header end-user exact jason`. */
  readonly text: string;
  holds(head: RequestHead): boolean;
  /** The same test on a value: a response header, for instance. */
  matches(value: string | undefined): boolean;
}
