/** Node's own slice, which skips the dispatch on the encoding that `toString` does for every head. */
interface LatinBuffer {
  latin1Slice(start: number, end: number): string;
}

/** Bytes as text, one character each: how HTTP heads are kept. */
export const latin1Slice = (bytes: Buffer, start: number, end: number): string =>
  (bytes as unknown as LatinBuffer).latin1Slice(start, end);
