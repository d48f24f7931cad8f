import type { PolicyRequest } from './policy-request.ts';

/** A condition that did not hold, with what the request had instead. */
export interface FailedTest {
  /** `path exact /status`, `principal prefix spiffe://cluster.local/ns/default/`. */
  readonly condition: string;
  /** `absent` when the request has no such thing. */
  readonly actual: string;
}

/** A compiled permission or principal of a policy. */
export interface PolicyCondition {
  /** For people. */
  readonly text: string;
  /** The decision: allocates nothing where that can be helped. */
  holds(request: PolicyRequest): boolean;
  /** What the request has where this condition looks; only asked by `explain`. */
  actual(request: PolicyRequest): string;
  /** The first test that does not hold; only asked when `holds` is false. */
  failure(request: PolicyRequest): FailedTest;
}

const unique = (texts: readonly string[], joint: string): string =>
  [...new Set(texts.filter((text) => text !== ''))].join(joint);

/** A test of one thing. */
export const singleCondition = (
  text: string,
  holds: (request: PolicyRequest) => boolean,
  actual: (request: PolicyRequest) => string,
): PolicyCondition => ({
  text,
  holds,
  actual,
  failure: (request) => ({ condition: text, actual: actual(request) }),
});

/** Holds always. */
export const anyCondition: PolicyCondition = singleCondition(
  'any',
  () => true,
  () => '',
);

/** Holds never: what stands in for a condition that could not be compiled. */
export const neverCondition: PolicyCondition = singleCondition(
  'nothing',
  () => false,
  () => '',
);

/** All hold. */
export const allConditions = (parts: readonly PolicyCondition[]): PolicyCondition => {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  return {
    text: unique(
      parts.map(({ text }) => text),
      ', ',
    ),
    holds: (request) => {
      for (const part of parts) if (!part.holds(request)) return false;
      return true;
    },
    actual: (request) =>
      unique(
        parts.map((part) => part.actual(request)),
        ', ',
      ),
    failure: (request) =>
      (parts.find((part) => !part.holds(request)) ?? neverCondition).failure(request),
  };
};

/** Any holds. */
export const someCondition = (parts: readonly PolicyCondition[]): PolicyCondition => {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  return {
    text: unique(
      parts.map(({ text }) => text),
      ' or ',
    ),
    holds: (request) => {
      for (const part of parts) if (part.holds(request)) return true;
      return false;
    },
    actual: (request) =>
      unique(
        parts.map((part) => part.actual(request)),
        ', ',
      ),
    failure: (request) => {
      const failures = parts.map((part) => part.failure(request));
      return {
        condition: unique(
          failures.map(({ condition }) => condition),
          ' or ',
        ),
        actual: unique(
          failures.map(({ actual }) => actual),
          ', ',
        ),
      };
    },
  };
};

/** Does not hold. */
export const notCondition = (part: PolicyCondition): PolicyCondition =>
  singleCondition(
    `not ${part.text}`,
    (request) => !part.holds(request),
    (request) => part.actual(request),
  );
