import type { ClusterStats } from '../../cluster/cluster-stats.ts';
import type { ResponseFlag } from '../../http/response-flag.ts';
import type { UpstreamFailure } from '../../http/upstream-connection.ts';

/** The local reply for a failure, as Envoy words it. */
export const describeFailure = (
  failure: UpstreamFailure,
  detail: string,
): {
  readonly status: number;
  readonly body: string;
  readonly details: string;
  readonly flag: ResponseFlag;
} => {
  const before = 'upstream connect error or disconnect/reset before headers.';
  switch (failure) {
    case 'overflow':
      return {
        status: 503,
        body: `${before} reset reason: overflow`,
        details: 'upstream_reset_before_response_started{overflow}',
        flag: 'UO',
      };
    case 'connect-failure':
      return {
        status: 503,
        body: `${before} reset reason: remote connection failure, transport failure reason: delayed connect error: ${detail}`,
        details: `upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_${detail.replaceAll(' ', '_')}}`,
        flag: 'UF',
      };
    case 'connect-timeout':
      return {
        status: 503,
        body: `${before} reset reason: connection timeout`,
        details: 'upstream_reset_before_response_started{connection_timeout}',
        flag: 'UF',
      };
    case 'remote-reset':
      return {
        status: 503,
        body: `${before} reset reason: remote reset`,
        details: 'upstream_reset_before_response_started{remote_reset}',
        flag: 'UR',
      };
    case 'refused-stream':
      return {
        status: 503,
        body: `${before} reset reason: remote refused stream reset`,
        details: 'upstream_reset_before_response_started{remote_refused_stream_reset}',
        flag: 'UR',
      };
    case 'protocol-error':
      return {
        status: 502,
        body: `${before} reset reason: protocol error`,
        details: 'upstream_reset_before_response_started{protocol_error}',
        flag: 'UPE',
      };
    default:
      return {
        status: 503,
        body: `${before} reset reason: connection termination`,
        details: 'upstream_reset_before_response_started{connection_termination}',
        flag: 'UC',
      };
  }
};

/** What a failure means once the response has begun. */
export const describeReset = (
  failure: UpstreamFailure,
): { readonly flag: ResponseFlag; readonly details: string } => {
  const details = 'upstream_reset_after_response_started';
  if (failure === 'protocol-error') return { flag: 'UPE', details: `${details}{protocol_error}` };
  if (failure === 'remote-reset' || failure === 'refused-stream') {
    return { flag: 'UR', details: `${details}{remote_reset}` };
  }
  return { flag: 'UC', details: `${details}{connection_termination}` };
};

const resets: ReadonlySet<UpstreamFailure> = new Set(['reset', 'remote-reset', 'refused-stream']);

/** Counts a failure of a try. */
export const countFailure = (stats: ClusterStats, failure: UpstreamFailure): void => {
  if (failure === 'connect-timeout') stats.connectTimeout.value++;
  else if (failure === 'protocol-error') stats.protocolError.value++;
  else if (resets.has(failure)) stats.requestReset.value++;
};
