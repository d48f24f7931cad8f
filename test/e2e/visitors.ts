/** Visitors in the background, as the tutorials' `while true; do curl ...; done`. */
import { setTimeout as pause } from 'node:timers/promises';
import { fetchPage } from './mesh.ts';

/** Between two visits of one visitor. */
const pauseMs = 40;

export interface Visitors {
  /** Answers by status so far; 0: none. */
  readonly seen: ReadonlyMap<number, number>;
  /** Resolves when the last answer is there. */
  leave(): Promise<void>;
}

/** One visitor, page after page until told to leave. */
export const startVisitors = (url: string, headers: Record<string, string> = {}): Visitors => {
  const seen = new Map<number, number>();
  let isHere = true;
  const visit = async (): Promise<void> => {
    while (isHere) {
      const status = await fetchPage(url, { headers }).then(
        (page) => page.status,
        () => 0,
      );
      seen.set(status, (seen.get(status) ?? 0) + 1);
      await pause(pauseMs);
    }
  };
  const visits = visit();
  return {
    seen,
    leave: () => {
      isHere = false;
      return visits;
    },
  };
};
