import { flushCompileCache } from 'node:module';

/**
 * When the modules of our programs have been loaded, on a fast and on a slow machine. Node writes its
 * compile cache at exit only; written early, the cache of the first proxy speeds up all later ones.
 */
const flushTimesMs: readonly number[] = [700, 2_000];

for (const timeMs of flushTimesMs) setTimeout(flushCompileCache, timeMs).unref();
