import type { LabelSelector } from '@lateen/api';

const byText = (left: string, right: string): number => (left < right ? -1 : Number(left > right));

/** `a=b,c=d` in key order; `<none>` when empty. */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined): string => {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort(byText).join(',');
};

const requirementText = (key: string, operator: string, values: readonly string[]): string => {
  const list = [...values].sort(byText).join(',');
  if (operator === 'In') return `${key} in (${list})`;
  if (operator === 'NotIn') return `${key} notin (${list})`;
  return operator === 'Exists' ? key : `!${key}`;
};

/** A label selector in kubectl's text form; `<none>` when it selects everything. */
export const selectorText = (selector: LabelSelector | undefined): string => {
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({
    key,
    text: `${key}=${value}`,
  }));
  const expressions = (selector?.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    text: requirementText(key, operator, values ?? []),
  }));
  const parts = [...labels, ...expressions].sort((left, right) => byText(left.key, right.key));
  return parts.length === 0 ? '<none>' : parts.map(({ text }) => text).join(',');
};
