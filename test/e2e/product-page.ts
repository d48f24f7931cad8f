/** Looking at Bookinfo's product page as visitors do. */
import assert from 'node:assert/strict';
import { fetchPage, type Page, starsOf } from './mesh.ts';

/** Visitors at a time. */
const visitors = 8;

export const productPage = (gateway: string, cookie?: string): Promise<Page> =>
  fetchPage(`${gateway}/productpage`, cookie === undefined ? {} : { headers: { cookie } });

/** Stars seen in `count` page views, at most eight at a time; every view must succeed. */
export const tallyStars = async (
  gateway: string,
  count: number,
  cookie?: string,
): Promise<Record<string, number>> => {
  const seen: Record<string, number> = {};
  let left = count;
  const visit = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const page = await productPage(gateway, cookie);
      assert.equal(page.status, 200);
      const stars = starsOf(page.body);
      seen[stars] = (seen[stars] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: visitors }, visit));
  return seen;
};
