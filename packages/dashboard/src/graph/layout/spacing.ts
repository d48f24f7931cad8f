/** One thing in a column: where it would like its centre, and how high it is. */
export interface Wish {
  readonly wanted: number;
  readonly height: number;
  /** How much it insists; default 1. */
  readonly weight?: number;
}

interface Block {
  /** Weighted mean of wishes, each less its offset in the block. */
  mean: number;
  weight: number;
  readonly first: number;
}

/**
 * Centres of things that keep their order and a gap, with the least sum of squared distances to what they wished
 * (isotonic regression by pooling neighbours that would overlap).
 */
export const spaceOut = (wishes: readonly Wish[], gap: number): number[] => {
  const offsets: number[] = [];
  wishes.forEach((wish, index) => {
    const above = wishes[index - 1];
    offsets.push(
      above === undefined ? 0 : (offsets[index - 1] ?? 0) + (above.height + wish.height) / 2 + gap,
    );
  });
  const blocks: Block[] = [];
  wishes.forEach((wish, index) => {
    let block: Block = {
      mean: wish.wanted - (offsets[index] ?? 0),
      weight: wish.weight ?? 1,
      first: index,
    };
    for (let above = blocks.at(-1); above !== undefined && above.mean > block.mean; ) {
      const weight = above.weight + block.weight;
      const mean = (above.mean * above.weight + block.mean * block.weight) / weight;
      block = { mean, weight, first: above.first };
      blocks.pop();
      above = blocks.at(-1);
    }
    blocks.push(block);
  });
  const result: number[] = [];
  blocks.forEach((block, index) => {
    const end = blocks[index + 1]?.first ?? wishes.length;
    for (let at = block.first; at < end; at++) result.push(block.mean + (offsets[at] ?? 0));
  });
  return result;
};
