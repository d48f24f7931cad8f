/** Bytes that look random and are the same in every run (xorshift). */
export const createNoise = (seed: number): ((length: number) => Buffer) => {
  let state = seed;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  };
  return (length) => Buffer.from(Array.from({ length }, next));
};
