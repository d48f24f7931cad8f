/** What something grew by, and when: end of the round, epoch milliseconds. */
export type ToldIncrements = readonly (readonly [timeMs: number, value: number])[];

interface ToldBase {
  readonly family: string;
  readonly labels: readonly (readonly [string, string])[];
  /** The same for the same labels, as long as one store tells them. */
  readonly key: string;
}

/** A series as another store tells it. */
export type ToldSeries =
  | (ToldBase & { readonly kind: 'counter'; readonly increments: ToldIncrements })
  | (ToldBase & {
      readonly kind: 'histogram';
      readonly sums: ToldIncrements;
      /** By upper bound. */
      readonly buckets: readonly (readonly [bound: number, ToldIncrements])[];
    });
