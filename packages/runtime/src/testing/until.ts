/** Between two looks. */
const pauseMs = 20;
/** No healthy run needs it, not on a machine that is busy with other things either. */
const patienceMs = 60_000;

/** Looks again and again until something holds; rejects with `no <what>` in the end. */
export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> => {
  const endMs = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`no ${what}`);
    await new Promise((again) => setTimeout(again, pauseMs));
  }
};
