import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '@lateen/api';
import { ManualClock, silentLogger } from '@lateen/base';
import { FakeKubeClient, resources } from '@lateen/kube';
import { expireEvents } from './event-expiry.ts';
import { EventRecorder } from './event-recorder.ts';

type SeenEvent = KubeObject & { readonly count: number; readonly reason: string };

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'n', uid: 'u' } };

const setUp = () => {
  const client = new FakeKubeClient();
  const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));
  const options = { client, clock, log: silentLogger };
  const recorder = new EventRecorder({ ...options, component: 'kubelet' });
  const events = async (): Promise<readonly SeenEvent[]> => {
    // The recorder writes in the background, in turns of the microtask queue.
    await new Promise((resolve) => setImmediate(resolve));
    return (await client.list<SeenEvent>(resources.events)).items;
  };
  return { options, clock, recorder, events };
};

test('the same event again counts up, another one is its own', async () => {
  const { recorder, events } = setUp();
  for (const message of ['a', 'b', 'a', 'a'])
    recorder.record(pod, { type: 'Warning', reason: 'BackOff', message });
  assert.deepEqual(
    (await events()).map(({ count, reason }) => [reason, count]),
    [
      ['BackOff', 3],
      ['BackOff', 1],
    ],
  );
});

test('events go an hour after they were last seen', async () => {
  const { recorder, events, clock, options } = setUp();
  recorder.record(pod, { type: 'Normal', reason: 'Old', message: '' });
  clock.advance(3_000_000);
  recorder.record(pod, { type: 'Normal', reason: 'Young', message: '' });
  await events();
  clock.advance(700_000);
  await expireEvents(options);
  assert.deepEqual(
    (await events()).map(({ reason }) => reason),
    ['Young'],
  );
});
