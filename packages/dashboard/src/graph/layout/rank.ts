/** Edges as lists of indices: `next[i]` are the places that `i` leads to. */
export type Adjacency = readonly (readonly number[])[];

const reverse = (next: Adjacency): number[][] => {
  const previous: number[][] = next.map(() => []);
  next.forEach((targets, source) => {
    for (const target of targets) previous[target]?.push(source);
  });
  return previous;
};

/** Seen in a walk: not yet, on the way down, done. */
const fresh = 0;
const open = 1;
const done = 2;

/** Walks down from a place, without recursion: chains may be long. */
const walkFrom = (start: number, next: Adjacency, state: Uint8Array, result: number[][]): void => {
  const stack = [{ at: start, position: 0 }];
  state[start] = open;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const target = next[top.at]?.[top.position];
    top.position += 1;
    if (target === undefined) {
      state[top.at] = done;
      stack.pop();
      continue;
    }
    if (target === top.at) continue;
    const [from, to] = state[target] === open ? [target, top.at] : [top.at, target];
    result[from]?.push(to);
    if (state[target] !== fresh) continue;
    state[target] = open;
    stack.push({ at: target, position: 0 });
  }
};

/** Turns round the edges that close a circle, found depth first; places without callers are looked at first. */
export const breakCycles = (next: Adjacency): number[][] => {
  const inward = reverse(next);
  const state = new Uint8Array(next.length);
  const result: number[][] = next.map(() => []);
  const starts = next
    .map((_, index) => index)
    .sort((a, b) => Number((inward[a]?.length ?? 0) > 0) - Number((inward[b]?.length ?? 0) > 0));
  for (const start of starts) if (state[start] === fresh) walkFrom(start, next, state, result);
  return result;
};

const orderTopologically = (next: Adjacency): number[] => {
  const waiting = next.map(() => 0);
  for (const targets of next)
    for (const target of targets) waiting[target] = (waiting[target] ?? 0) + 1;
  const order = waiting.flatMap((count, index) => (count === 0 ? [index] : []));
  for (const place of order) {
    for (const target of next[place] ?? []) {
      waiting[target] = (waiting[target] ?? 0) - 1;
      if (waiting[target] === 0) order.push(target);
    }
  }
  return order;
};

/**
 * A column for each place: one right of the rightmost caller. Callers that nobody calls move right until they
 * stand one left of what they call, so that a line is as short as it can be. Circles are allowed.
 */
export const rankPlaces = (edges: Adjacency): number[] => {
  const next = breakCycles(edges);
  const previous = reverse(next);
  const rank = next.map(() => 0);
  for (const place of orderTopologically(next)) {
    for (const target of next[place] ?? [])
      rank[target] = Math.max(rank[target] ?? 0, (rank[place] ?? 0) + 1);
  }
  next.forEach((targets, place) => {
    if ((previous[place]?.length ?? 0) > 0 || targets.length === 0) return;
    rank[place] = Math.min(...targets.map((target) => rank[target] ?? 0)) - 1;
  });
  const lowest = Math.min(0, ...rank);
  return rank.map((value) => value - lowest);
};
