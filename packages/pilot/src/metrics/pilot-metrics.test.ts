import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPilotMetrics } from './pilot-metrics.ts';

describe('createPilotMetrics', () => {
  it("has istiod's names from the start", () => {
    const text = createPilotMetrics().render();
    for (const name of [
      'pilot_xds 0',
      'pilot_services 0',
      'pilot_total_xds_rejects{type="cds"} 0',
      'pilot_xds_cds_reject 0',
    ])
      assert.match(text, new RegExp(`^${name}$`, 'm'));
  });
});
