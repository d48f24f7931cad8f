import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { startControlPlane } from './testing/control-plane.ts';
import { until } from './testing/until.ts';
import { startWorkloadAgent } from './testing/workload-agent.ts';

test('a workload that slept until its certificate had expired gets another', async (t) => {
  const plane = await startControlPlane(['default/web']);
  t.after(() => plane.close());
  // Nobody renews while this clock stands: istiod's goes on.
  const clock = new ManualClock(Date.now());
  const variables = { SERVICE_ACCOUNT: 'web', SECRET_TTL: '2s' };
  const agent = await startWorkloadAgent(plane, variables, clock);
  t.after(() => agent.close());
  await agent.certified;
  const leaf = (): X509Certificate => new X509Certificate(agent.secrets.certificate?.chain ?? '');
  const { serialNumber } = leaf();
  await until('the end of its life', () => leaf().validToDate.getTime() < Date.now());
  assert.equal(leaf().serialNumber, serialNumber);
  clock.advance(Date.now() - clock.nowMs());
  await until('another certificate', () => leaf().serialNumber !== serialNumber);
  assert.ok(leaf().validToDate.getTime() > clock.nowMs());
});
