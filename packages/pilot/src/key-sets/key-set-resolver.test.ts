import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { ManualClock, silentLogger } from '@lateen/base';
import type { KeySetLocation } from '@lateen/translator';
import { createPilotMetrics, type PilotMetrics } from '../metrics/pilot-metrics.ts';
import { PilotError } from '../pilot-error.ts';
import type { FetchedKeySet } from './key-set.ts';
import { KeySetResolver } from './key-set-resolver.ts';

const locationOf = (url: string): KeySetLocation => ({ url, kind: 'key-set', timeoutMs: 5_000 });
const issuer = locationOf('https://issuer/keys');

interface Asked {
  readonly url: string;
  readonly signal: AbortSignal;
  readonly answer: (text: string) => Promise<void>;
  readonly fail: () => Promise<void>;
}

describe('KeySetResolver', () => {
  let clock: ManualClock;
  let metrics: PilotMetrics;
  let asked: Asked[];
  let changes: number;
  let resolver: KeySetResolver;

  beforeEach(() => {
    clock = new ManualClock(1_000_000);
    metrics = createPilotMetrics();
    asked = [];
    changes = 0;
    resolver = new KeySetResolver({
      clock,
      metrics,
      log: silentLogger,
      jitter: () => 0,
      onChange: () => {
        changes += 1;
      },
      fetch: ({ url }, signal) => {
        const { promise, resolve, reject } = Promise.withResolvers<FetchedKeySet>();
        asked.push({
          url,
          signal,
          answer: async (text) => {
            resolve({ text, url, keyIds: [text] });
            await setImmediate();
          },
          fail: async () => {
            reject(new PilotError('key-set-unavailable', 'no answer'));
            await setImmediate();
          },
        });
        return promise;
      },
    });
  });

  const last = (): Asked => asked.at(-1) ?? assert.fail('nothing was fetched');

  it('fetches what is new, and hands it out as a new map', async () => {
    const before = resolver.keySets;
    const tried = resolver.follow([issuer]);
    assert.equal(resolver.follow([issuer]), undefined);
    await last().answer('a');
    await tried;
    assert.equal(asked.length, 1);
    assert.equal(changes, 1);
    assert.equal(before.size, 0);
    assert.deepEqual([...resolver.keySets], [[issuer.url, 'a']]);
    assert.equal(metrics.keySetFetches.value(), 1);
  });

  it('asks again every twenty minutes and reports changes only', async () => {
    void resolver.follow([issuer]);
    await last().answer('a');
    const first = resolver.keySets;
    clock.advance(20 * 60_000);
    await last().answer('a');
    assert.equal(asked.length, 2);
    assert.equal(changes, 1);
    assert.equal(resolver.keySets, first);
    clock.advance(20 * 60_000);
    await last().answer('b');
    assert.equal(changes, 2);
    assert.equal(resolver.keySets.get(issuer.url), 'b');
  });

  it('keeps the last good set while fetches fail, and tries again later and later', async () => {
    void resolver.follow([issuer]);
    await last().answer('a');
    clock.advance(20 * 60_000);
    const waits: number[] = [];
    for (let failures = 1; failures <= 8; failures += 1) {
      await last().fail();
      assert.equal(resolver.keySets.get(issuer.url), 'a');
      const { length } = asked;
      const failedMs = clock.nowMs();
      while (asked.length === length) clock.advance(500);
      waits.push(clock.nowMs() - failedMs);
    }
    assert.deepEqual(
      waits,
      [1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1_000),
    );
    assert.equal(metrics.keySetFetchFailures.value(), 8);
    assert.deepEqual(resolver.status(), [
      {
        url: issuer.url,
        kind: 'key-set',
        jwksUri: issuer.url,
        keyIds: ['a'],
        lastFetched: '1970-01-01T00:16:40.000Z',
        failures: 8,
        lastError: 'no answer',
      },
    ]);
    await last().answer('b');
    assert.equal(resolver.status()[0]?.failures, 0);
    assert.equal(resolver.keySets.get(issuer.url), 'b');
  });

  it('holds changes back half a second for a server that does not answer', async () => {
    let isHeld = true;
    const tried = resolver.follow([issuer])?.then(() => {
      isHeld = false;
    });
    await setImmediate();
    clock.advance(499);
    await setImmediate();
    assert.equal(isHeld, true);
    clock.advance(1);
    await tried;
  });

  it('fetches one URL once at a time, also when forced, and not just after a try', async () => {
    void resolver.follow([issuer]);
    await setImmediate();
    const forced = resolver.refresh();
    await last().answer('a');
    await forced;
    assert.equal(asked.length, 1);
    await resolver.refresh();
    assert.equal(asked.length, 1);
    clock.advance(1_000);
    const again = resolver.refresh();
    await setImmediate();
    assert.equal(asked.length, 2);
    await last().answer('b');
    await again;
    // The forced fetch has moved the next one.
    clock.advance(20 * 60_000 - 1);
    assert.equal(asked.length, 2);
    clock.advance(1);
    assert.equal(asked.length, 3);
  });

  it('forgets what no policy names any more', async () => {
    void resolver.follow([issuer, locationOf('http://other')]);
    await asked[0]?.answer('a');
    void resolver.follow([]);
    assert.equal(resolver.keySets.size, 0);
    assert.equal(asked[1]?.signal.aborted, true);
    await asked[1]?.answer('b');
    assert.equal(resolver.keySets.size, 0);
    clock.advance(24 * 60 * 60_000);
    assert.equal(asked.length, 2);
    assert.deepEqual(resolver.status(), []);
  });

  it('has eight fetches under way at most', async () => {
    const many = Array.from({ length: 20 }, (_, index) => locationOf(`http://${index}`));
    const tried = resolver.follow(many);
    await setImmediate();
    assert.equal(asked.length, 8);
    for (let done = 0; done < 20; done += 1) {
      await asked[done]?.answer('a');
      assert.equal(asked.length, Math.min(20, 8 + done + 1));
    }
    await tried;
    assert.equal(resolver.keySets.size, 20);
  });

  it('ends with the control plane', async () => {
    void resolver.follow([issuer]);
    await setImmediate();
    resolver.stop();
    assert.equal(last().signal.aborted, true);
    await last().fail();
    clock.advance(24 * 60 * 60_000);
    assert.equal(asked.length, 1);
    assert.equal(changes, 0);
  });
});
