import type { ResponseFlag } from '../http/response-flag.ts';
import type { UpstreamFailure } from '../http/upstream-connection.ts';

/** How Envoy's spans of tries tell a failure. */
export interface ToldFailure {
  /** The try's own flag; the request may get another one, or none where a later try succeeds. */
  readonly flag: ResponseFlag;
  /** `error.reason`: Envoy's `resetReasonToString`. */
  readonly reason: string;
}

/** What the span of a try says of its end. */
export const toldFailures: Readonly<Record<UpstreamFailure, ToldFailure>> = {
  'connect-failure': { flag: 'UF', reason: 'remote connection failure' },
  'connect-timeout': { flag: 'UF', reason: 'connection timeout' },
  reset: { flag: 'UC', reason: 'connection termination' },
  'remote-reset': { flag: 'UR', reason: 'remote reset' },
  'refused-stream': { flag: 'UR', reason: 'remote refused stream reset' },
  'protocol-error': { flag: 'UPE', reason: 'protocol error' },
  overflow: { flag: 'UO', reason: 'overflow' },
};
