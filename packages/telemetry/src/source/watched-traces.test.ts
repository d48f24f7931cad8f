import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lateen/base';
import { TelemetryError } from '../telemetry-error.ts';
import { embeddedTraces, type TraceSource } from '../traces/trace-source.ts';
import { TraceStore } from '../traces/trace-store.ts';
import { watchTraces } from './watched-traces.ts';

test('a server of traces that goes and comes back', async () => {
  const clock = new ManualClock();
  let isThere = false;
  const source: TraceSource = {
    ...embeddedTraces(new TraceStore()),
    services: () =>
      isThere
        ? Promise.resolve(['reviews'])
        : Promise.reject(new TelemetryError('no-answer', 'Jaeger at x: refused')),
  };
  let looked = Promise.withResolvers<void>();
  const watched = watchTraces(source, { clock, onLook: () => looked.resolve() });
  watched.start();
  await looked.promise;
  assert.equal(watched.problem(), 'Jaeger at x: refused');
  isThere = true;
  looked = Promise.withResolvers();
  // The timer is set after the look.
  await new Promise(setImmediate);
  clock.advance(15_000);
  await looked.promise;
  assert.equal(watched.problem(), '');
  isThere = false;
  await assert.rejects(watched.source.services());
  assert.match(watched.problem(), /refused/);
  watched.close();
});
