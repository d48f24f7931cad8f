import type { Exceptions } from './exception.ts';

/** What Istio 1.30 does and nothing here does yet. */
export const missingFields: Exceptions = new Map([
  ['ServiceEntry location', 'hosts outside the mesh get no mTLS: no row shows it yet'],
  ['ServiceEntry location: MESH_EXTERNAL', 'as the field'],
  ['ServiceEntry location: MESH_INTERNAL', 'as the field'],
  ['WorkloadGroup metadata', 'no proxy registers itself, so no WorkloadEntry is made of it'],
  ['WorkloadGroup template', 'as metadata'],
  ['WorkloadGroup probe', 'as metadata'],
]);
