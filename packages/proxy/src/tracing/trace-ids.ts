import { randomFillSync } from 'node:crypto';

/** Random bytes drawn at once: one call into the kernel's generator for many spans. */
const poolBytes = 4_096;

const pool = Buffer.allocUnsafeSlow(poolBytes);
let at = poolBytes;

const noId = '0000000000000000';

const draw = (bytes: number): string => {
  if (at + bytes > poolBytes) {
    randomFillSync(pool);
    at = 0;
  }
  at += bytes;
  return pool.toString('hex', at - bytes, at);
};

/** 16 hex digits, not all of them zero. */
export const newSpanId = (): string => {
  const id = draw(8);
  return id === noId ? newSpanId() : id;
};

/** 32 hex digits, or 16 for the short ids of old Zipkins. */
export const newTraceId = (isLong: boolean): string =>
  isLong ? newSpanId() + newSpanId() : newSpanId();
