import { create } from '@bufbuild/protobuf';
import { type Status, StatusSchema } from '../gen/google/rpc/status_pb.js';
import type { Rejection } from './client-state.ts';

/** `google.rpc.Code.INVALID_ARGUMENT`. */
const invalidArgument = 3;

/** Longest NACK text sent and kept: a server holds one for each proxy, and a person reads it. */
export const maxErrorCharacters = 4096;

/** `error_detail` of a NACK; undefined for an ACK. */
export const rejectionStatus = (rejection: Rejection | undefined): Status | undefined =>
  rejection === undefined
    ? undefined
    : create(StatusSchema, {
        code: invalidArgument,
        message: rejection.error.slice(0, maxErrorCharacters),
      });
