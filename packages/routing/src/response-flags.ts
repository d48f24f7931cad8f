/** Envoy's response flags by their short form, in the order of their bits (`StreamInfo::CoreResponseFlag`). */
const flags: Readonly<Record<string, string>> = {
  LH: 'FailedLocalHealthCheck',
  UH: 'NoHealthyUpstream',
  UT: 'UpstreamRequestTimeout',
  LR: 'LocalReset',
  UR: 'UpstreamRemoteReset',
  UF: 'UpstreamConnectionFailure',
  UC: 'UpstreamConnectionTermination',
  UO: 'UpstreamOverflow',
  NR: 'NoRouteFound',
  DI: 'DelayInjected',
  FI: 'FaultInjected',
  RL: 'RateLimited',
  UAEX: 'UnauthorizedExternalService',
  RLSE: 'RateLimitServiceError',
  DC: 'DownstreamConnectionTermination',
  URX: 'UpstreamRetryLimitExceeded',
  SI: 'StreamIdleTimeout',
  IH: 'InvalidEnvoyRequestHeaders',
  DPE: 'DownstreamProtocolError',
  UMSDR: 'UpstreamMaxStreamDurationReached',
  RFCF: 'ResponseFromCacheFilter',
  NFCF: 'NoFilterConfigFound',
  DT: 'DurationTimeout',
  UPE: 'UpstreamProtocolError',
  NC: 'NoClusterFound',
  OM: 'OverloadManagerTerminated',
  DF: 'DnsResolutionFailed',
  DO: 'DropOverload',
  DR: 'DownstreamRemoteReset',
  UDO: 'UnconditionalDropOverload',
};

const bits: ReadonlyMap<string, number> = new Map(
  Object.keys(flags).map((flag, bit) => [flag, 2 ** bit]),
);

/** The bits of comma-separated short flags, as `response.flags` of an expression has them. */
export const responseFlagBits = (text: string): number => {
  if (text === '' || text === '-') return 0;
  return text.split(',').reduce((sum, flag) => sum + (bits.get(flag) ?? 0), 0);
};

/** Comma-separated short flags by their long names (`%RESPONSE_FLAGS_LONG%`). */
export const responseFlagNames = (text: string): string =>
  text === '' || text === '-'
    ? ''
    : text
        .split(',')
        .map((flag) => flags[flag] ?? flag)
        .join(',');
