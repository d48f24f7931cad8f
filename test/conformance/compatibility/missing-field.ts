import type { Exceptions } from './exception.ts';

/** What Istio 1.30 does and nothing here does yet. */
export const missingFields: Exceptions = new Map();
