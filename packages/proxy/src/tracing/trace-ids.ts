import { randomFillSync } from 'node:crypto';

/** Random bytes drawn at once: one call into the kernel's generator for many ids. */
const poolBytes = 8_192;

const pool = Buffer.allocUnsafeSlow(poolBytes);
let at = poolBytes;

/** Random bytes as hex, in one piece: a call for each id would cost as much again. */
const draw = (bytes: number): string => {
  if (at + bytes > poolBytes) {
    randomFillSync(pool);
    at = 0;
  }
  at += bytes;
  return pool.toString('hex', at - bytes, at);
};

const noId = '0000000000000000';

/** 16 hex digits, not all of them zero. */
export const newSpanId = (): string => {
  const id = draw(8);
  return id === noId ? newSpanId() : id;
};

/** Ids of a new trace (32 hex digits) and of its first span (16). */
export const newRootIds = (): { readonly traceId: string; readonly spanId: string } => {
  const ids = draw(24);
  const spanId = ids.slice(32);
  const isUsable = spanId !== noId && !ids.startsWith(noId);
  return isUsable ? { traceId: ids.slice(0, 32), spanId } : newRootIds();
};
