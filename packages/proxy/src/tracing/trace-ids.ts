import { randomFillSync } from 'node:crypto';

/** Random bytes drawn at once, and their hex digits as one text: ids are parts of it, without a call each. */
const poolBytes = 4_096;

const pool = Buffer.allocUnsafeSlow(poolBytes);
let digits = '';
let at = 0;

const draw = (count: number): string => {
  if (at + count > digits.length) {
    randomFillSync(pool);
    digits = pool.toString('hex');
    at = 0;
  }
  at += count;
  return digits.substring(at - count, at);
};

const noId = '0000000000000000';

/** 16 hex digits, not all of them zero. */
export const newSpanId = (): string => {
  const id = draw(16);
  return id === noId ? newSpanId() : id;
};

/** 32 hex digits, not all of the first half zero. */
export const newTraceId = (): string => {
  const id = draw(32);
  return id.startsWith(noId) ? newTraceId() : id;
};
