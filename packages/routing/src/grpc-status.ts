/** Status codes of gRPC in order, as Envoy prints them. */
const names = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
] as const;

/** `NotFound` for 5; undefined for numbers that gRPC has no name for. */
export const grpcStatusName = (status: number): string | undefined => names[status];

/** `NOT_FOUND` for 5; undefined for numbers that gRPC has no name for. */
export const grpcStatusConstant = (status: number): string | undefined => {
  if (status === 0) return 'OK';
  if (status === 1) return 'CANCELLED';
  return names[status]?.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
};

const byHttp: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

/** gRPC status of an answer that names none (gRPC's http-grpc-status-mapping). */
export const grpcStatusOfHttp = (status: number): number => byHttp[status] ?? 2;
