/** One element of an instant vector. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an expression is worth at a time. */
export type Value =
  | { readonly kind: 'scalar'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'vector'; readonly samples: readonly Sample[] };

/** Labels without some; the name goes with every computation. */
export const withoutLabels = (
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));

/** Only these labels, where they are there. */
export const onlyLabels = (
  labels: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = labels[name];
      return value === undefined || value === '' ? [] : [[name, value] as const];
    }),
  );

/** A text that is the same for the same labels. */
export const labelsKey = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}\u0001${value}`)
    .join('\u0000');
