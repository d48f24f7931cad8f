import type { Exceptions } from './exception.ts';

/** What Istio 1.30 does and nothing here does yet. */
export const missingFields: Exceptions = new Map([
  ['WorkloadGroup metadata', 'no proxy registers itself, so no WorkloadEntry is made of it'],
  ['WorkloadGroup template', 'as metadata'],
  ['WorkloadGroup probe', 'as metadata'],
]);
