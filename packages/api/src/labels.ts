import type { LabelSelector } from './kubernetes/selector.ts';

/** Label names to values, as in `metadata.labels`. */
export type Labels = Readonly<Record<string, string>>;

/** One condition of a label selector; Gt and Lt compare integers and come from text only. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

const labelValue = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

const compareIntegers = (found: string | undefined, limit: string | undefined): number => {
  const integer = /^-?\d+$/;
  if (found === undefined || limit === undefined) return Number.NaN;
  return integer.test(found) && integer.test(limit) ? Number(found) - Number(limit) : Number.NaN;
};

const holds = ({ key, operator, values }: LabelRequirement, labels: Labels): boolean => {
  const found = labelValue(labels, key);
  switch (operator) {
    case 'In':
      return found !== undefined && values.includes(found);
    case 'NotIn':
      return found === undefined || !values.includes(found);
    case 'Exists':
      return found !== undefined;
    case 'DoesNotExist':
      return found === undefined;
    case 'Gt':
      return compareIntegers(found, values[0]) > 0;
    case 'Lt':
      return compareIntegers(found, values[0]) < 0;
  }
};

/** Whether `labels` carry every pair of `wanted`: Service selectors, subsets, Gateway selectors. Empty `wanted` matches all. */
export const hasLabels = (labels: Labels | undefined, wanted: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labelValue(labels ?? {}, key) === value);

/** All conditions hold; none at all matches everything. NotIn holds for a label that is absent. */
export const matchesRequirements = (
  requirements: readonly LabelRequirement[],
  labels: Labels | undefined,
): boolean => requirements.every((one) => holds(one, labels ?? {}));

/** A meta/v1 LabelSelector against labels; an empty selector matches everything. */
export const matchesSelector = (selector: LabelSelector, labels: Labels | undefined): boolean =>
  hasLabels(labels, selector.matchLabels ?? {}) &&
  (selector.matchExpressions ?? []).every((one) =>
    holds({ ...one, values: one.values ?? [] }, labels ?? {}),
  );

const name = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** `[prefix/]name`: a DNS subdomain of at most 253 characters, a name of at most 63. */
export const isLabelKey = (key: string): boolean => {
  const slash = key.indexOf('/');
  if (slash < 0) return name.test(key);
  const prefix = key.slice(0, slash);
  return prefix.length <= 253 && dnsSubdomain.test(prefix) && name.test(key.slice(slash + 1));
};

/** At most 63 letters, digits, `-`, `_`, `.`, starting and ending with a letter or digit; may be empty. */
export const isLabelValue = (value: string): boolean => value === '' || name.test(value);
