import { create } from '@bufbuild/protobuf';
import { type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';

/** Milliseconds (fractions down to nanoseconds) as a protobuf Duration. */
export const duration = (ms: number): Duration => {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1_000_000);
  return create(DurationSchema, { seconds: BigInt(seconds), nanos });
};

/** As `duration`; undefined stays undefined. */
export const optionalDuration = (ms: number | undefined): Duration | undefined =>
  ms === undefined ? undefined : duration(ms);
