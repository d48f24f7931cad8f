import type { ResponseFlag } from '../../http/response-flag.ts';
import type { UpstreamFailure } from '../../http1/client-connection.ts';

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
