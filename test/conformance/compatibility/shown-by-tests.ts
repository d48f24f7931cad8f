import type { Exceptions } from './exception.ts';

const registration = 'packages/pilot/src/registration/auto-registration.test.ts';
const health = 'packages/agent/src/app-health/app-health.test.ts';
const telemetry = 'packages/translator/src/telemetry/listener-telemetry.test.ts';

const tagOperation = 'Telemetry metrics[].overrides[].tagOverrides.*.operation';

/** Fields that decide about no request by themselves, with the test that shows what they do. */
export const shownByTests: Exceptions = new Map([
  ['WorkloadGroup metadata', registration],
  ['WorkloadGroup template', registration],
  ['WorkloadGroup probe', health],
  [tagOperation, telemetry],
  [`${tagOperation}: UPSERT`, telemetry],
  [`${tagOperation}: REMOVE`, telemetry],
]);
