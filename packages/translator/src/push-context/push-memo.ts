import type { PushContext } from './push-context.ts';

/** A cache that lives and dies with a push context: values by everything else they depend on. */
export type PushMemo<T> = (push: PushContext, key: string, compute: () => T) => T;

/** A fresh cache. A key must spell out all that `compute` reads besides the push context. */
export const pushMemo = <T>(): PushMemo<T> => {
  const values = new WeakMap<PushContext, Map<string, T>>();
  return (push, key, compute) => {
    const known = values.get(push) ?? new Map<string, T>();
    values.set(push, known);
    const existing = known.get(key);
    if (existing !== undefined) return existing;
    const value = compute();
    known.set(key, value);
    return value;
  };
};
