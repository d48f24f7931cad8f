/** A value and what it was computed from. Kept as long as every input is the same reference. */
export interface Stage<T> {
  readonly inputs: readonly unknown[];
  readonly value: T;
}

/** The previous stage when its inputs are these, else a new one. */
export const stage = <T>(
  previous: Stage<T> | undefined,
  inputs: readonly unknown[],
  compute: () => T,
): Stage<T> =>
  previous !== undefined &&
  previous.inputs.length === inputs.length &&
  previous.inputs.every((input, index) => input === inputs[index])
    ? previous
    : { inputs, value: compute() };
