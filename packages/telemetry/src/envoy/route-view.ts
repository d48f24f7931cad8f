import {
  asRecord,
  field,
  has,
  type JsonRecord,
  message,
  messages,
  number,
  text,
  texts,
} from '@lateen/xds/json-record';
import type { RouteTarget, RouteView } from '../contract/config.ts';
import { clusterParts } from './cluster-parts.ts';
import { managedBy } from './managed-by.ts';

/** `exact jason`, `prefix /api`, `regex .*`, `present`. */
const stringMatch = (match: JsonRecord): string => {
  for (const kind of ['exact', 'prefix', 'suffix', 'contains'] as const) {
    if (has(match, kind)) return `${kind} ${text(match, kind)}`;
  }
  return has(match, 'safe_regex')
    ? `regex ${text(message(match, 'safe_regex'), 'regex')}`
    : 'present';
};

const pathMatch = (match: JsonRecord): string => {
  if (has(match, 'path_separated_prefix')) return `prefix ${text(match, 'path_separated_prefix')}/`;
  if (has(match, 'prefix')) return `prefix ${text(match, 'prefix')}`;
  if (has(match, 'path')) return `exact ${text(match, 'path')}`;
  return has(match, 'safe_regex') ? `regex ${text(message(match, 'safe_regex'), 'regex')}` : '';
};

const valueMatch = (header: JsonRecord): string => {
  const negated = field(header, 'invert_match') === true ? 'not ' : '';
  const match = message(header, 'string_match');
  return `${text(header, 'name')} ${negated}${stringMatch(match)}`;
};

const matchText = (match: JsonRecord): string =>
  [
    pathMatch(match),
    ...messages(match, 'headers').map((header) => `header ${valueMatch(header)}`),
    ...messages(match, 'query_parameters').map((parameter) => `query ${valueMatch(parameter)}`),
  ]
    .filter((part) => part !== '')
    .join(', ');

const target = (cluster: string, percent: number): RouteTarget => {
  const { host, subset, port } = clusterParts(cluster);
  return { cluster, host, subset, port, percent };
};

const targetsOf = (action: JsonRecord): readonly RouteTarget[] => {
  const weighted = messages(message(action, 'weighted_clusters'), 'clusters');
  const total = weighted.reduce((sum, one) => sum + number(one, 'weight'), 0);
  if (weighted.length > 0) {
    return weighted.map((one) => {
      const percent = total === 0 ? 0 : (number(one, 'weight') / total) * 100;
      return target(text(one, 'name'), percent);
    });
  }
  const cluster = text(action, 'cluster');
  return cluster === '' ? [] : [target(cluster, 100)];
};

/** `1.500s` of protobuf JSON in milliseconds. */
const durationMs = (written: string): number => {
  const seconds = /^(-?\d+(?:\.\d+)?)s$/.exec(written)?.[1];
  return seconds === undefined ? 0 : Number(seconds) * 1000;
};

const redirectCodes: Readonly<Record<string, number>> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

const redirectText = (redirect: JsonRecord): string => {
  const code = redirectCodes[text(redirect, 'response_code')] ?? 301;
  const isTls = field(redirect, 'https_redirect') === true;
  const scheme = text(redirect, 'scheme_redirect') || (isTls ? 'https' : '');
  const host = text(redirect, 'host_redirect');
  const port = number(redirect, 'port_redirect');
  const path = text(redirect, 'path_redirect') || text(redirect, 'prefix_rewrite');
  const start = scheme === '' ? '' : `${scheme}://`;
  return `${code} ${start}${host}${port === 0 ? '' : `:${port}`}${path}`.trim();
};

const bodyText = (response: JsonRecord): string => text(message(response, 'body'), 'inline_string');

const retriesText = (policy: JsonRecord): string => {
  if (Object.keys(policy).length === 0) return '';
  const retries = number(policy, 'num_retries') || 1;
  const perTry = durationMs(text(policy, 'per_try_timeout'));
  return `${retries} on ${text(policy, 'retry_on')}${perTry === 0 ? '' : `, ${perTry} ms each`}`;
};

const percentOf = (fraction: JsonRecord): number => {
  const per =
    { HUNDRED: 1, TEN_THOUSAND: 100, MILLION: 10_000 }[text(fraction, 'denominator')] ?? 1;
  return number(fraction, 'numerator') / per;
};

const faultText = (route: JsonRecord): string => {
  const fault = asRecord(message(route, 'typed_per_filter_config')['envoy.filters.http.fault']);
  const { delay, abort } = { delay: message(fault, 'delay'), abort: message(fault, 'abort') };
  const parts: string[] = [];
  if (has(fault, 'delay')) {
    const ms = durationMs(text(delay, 'fixed_delay'));
    parts.push(`delay ${ms} ms in ${percentOf(message(delay, 'percentage'))} %`);
  }
  if (has(fault, 'abort')) {
    const status = number(abort, 'http_status') || `gRPC ${number(abort, 'grpc_status')}`;
    parts.push(`abort ${status} in ${percentOf(message(abort, 'percentage'))} %`);
  }
  return parts.join(', ');
};

/** A route of `envoy.config.route.v3.Route` in protobuf JSON. */
export const routeView = (route: JsonRecord): RouteView => {
  const action = message(route, 'route');
  const response = message(route, 'direct_response');
  return {
    match: matchText(message(route, 'match')),
    name: text(route, 'name'),
    targets: targetsOf(action),
    redirect: has(route, 'redirect') ? redirectText(message(route, 'redirect')) : '',
    directResponse: has(route, 'direct_response')
      ? `${number(response, 'status')} ${bodyText(response)}`.trim()
      : '',
    timeoutMs: durationMs(text(action, 'timeout')),
    retries: retriesText(message(action, 'retry_policy')),
    fault: faultText(route),
    mirrors: messages(action, 'request_mirror_policies').map((mirror) => text(mirror, 'cluster')),
    virtualService: managedBy(route),
  };
};

/** Short text of where a route sends: `reviews v1 80 %, v2 20 %`. */
export const destinationText = ({ targets, redirect, directResponse }: RouteView): string => {
  if (redirect !== '') return `redirect ${redirect}`;
  if (directResponse !== '') return `direct response ${directResponse}`;
  return targets
    .map(({ cluster, host, subset, percent }) => {
      const name = subset === '' ? host || cluster : `${host} ${subset}`;
      return targets.length === 1 ? name : `${name} ${Math.round(percent * 10) / 10} %`;
    })
    .join(', ');
};

/** Names of a virtual host, without those that only spell another one out. */
export const hostNames = (host: JsonRecord): readonly string[] => texts(host, 'domains');
