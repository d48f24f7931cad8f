/** An item of a merged list with its identity: its merge key, or the item itself in a set. */
export interface IdentifiedItem {
  readonly identity: string;
  readonly item: unknown;
}

/**
 * Orders a merged list: identities of `order` come in that order; the others keep their place
 * relative to their neighbours in `liveOrder` (as Kubernetes' `$setElementOrder` does).
 */
export const orderedItems = (
  items: readonly IdentifiedItem[],
  order: readonly string[],
  liveOrder: readonly string[],
): readonly unknown[] => {
  const rank = new Map(order.map((identity, index) => [identity, index]));
  const livePlace = new Map(liveOrder.map((identity, index) => [identity, index]));
  const rankOf = ({ identity }: IdentifiedItem): number => rank.get(identity) ?? 0;
  const placeOf = ({ identity }: IdentifiedItem): number => livePlace.get(identity) ?? -1;
  const ranked = items
    .filter(({ identity }) => rank.has(identity))
    .sort((left, right) => rankOf(left) - rankOf(right));
  const others = items.filter(({ identity }) => !rank.has(identity));
  const merged: unknown[] = [];
  let next = 0;
  for (const entry of ranked) {
    for (let other = others[next]; other !== undefined; other = others[next]) {
      if (placeOf(other) > placeOf(entry)) break;
      merged.push(other.item);
      next += 1;
    }
    merged.push(entry.item);
  }
  return [...merged, ...others.slice(next).map(({ item }) => item)];
};
