import type { Exceptions } from './exception.ts';

const registration = 'packages/pilot/src/registration/auto-registration.test.ts';
const health = 'packages/agent/src/app-health/app-health.test.ts';

/** Fields that decide about no request by themselves, with the test that shows what they do. */
export const shownByTests: Exceptions = new Map([
  ['WorkloadGroup metadata', registration],
  ['WorkloadGroup template', registration],
  ['WorkloadGroup probe', health],
]);
