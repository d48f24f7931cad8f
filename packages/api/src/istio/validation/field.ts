import { parseDurationMs } from '../../duration.ts';
import { isIpAddress, isIpOrCidr } from '../../ip-address.ts';
import { isLabelKey, isLabelValue, type Labels } from '../../labels.ts';
import { fieldPath } from '../../schema/field-path.ts';
import type { Percent } from '../percent.ts';
import { conflict, duplicate, type Findings, forEachItem, invalid, missing } from './finding.ts';

/** Longest DNS name, RFC 1035. */
const maxNameLength = 255;
const dnsLabel = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;

/** A DNS label as Istio reads RFC 1123: upper case is taken too. */
export const isDnsLabel = (text: string): boolean => dnsLabel.test(text);

const isDomain = (text: string): boolean =>
  text.length > 0 &&
  text.length <= maxNameLength &&
  text
    .replace(/\.$/, '')
    .split('.')
    .every((label) => dnsLabel.test(label));

/** A DNS name without wildcard; a trailing dot is allowed. */
export const isFqdn = (text: string): boolean => isDomain(text) && !isIpAddress(text);

/** A DNS name, `*`, or one whose first label is `*` or starts with `*-`. */
export const isWildcardDomain = (text: string): boolean =>
  text === '*' || isDomain(text.replace(/^\*[.-]/, ''));

/** A host of a service or a route: DNS name, wildcard or address. */
export const checkHost = (host: string, path: string): Findings => {
  if (isIpAddress(host) || isWildcardDomain(host)) return [];
  const why = host.slice(1).includes('*')
    ? 'the wildcard * is allowed only as the first label, as in *.example.com'
    : 'use a DNS name, a name with a leading *., or an IP address';
  return [invalid(path, `"${host}" is not a valid host: ${why}`)];
};

/** A TCP port; absent is fine. */
export const checkPort = (port: number | undefined, path: string): Findings =>
  port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)
    ? []
    : [invalid(path, `port number ${port} must be in the range 1..65535`)];

interface DurationLimits {
  /** Least milliseconds. Default 1. */
  readonly leastMs?: number;
  /** Whether 0 is taken beside that, as "off". */
  readonly zero?: boolean;
  /** Precision in milliseconds. Default 1. */
  readonly stepMs?: number;
}

/** A duration within limits; absent is fine. */
export const checkDuration = (
  text: string | undefined,
  path: string,
  { leastMs = 1, zero = false, stepMs = 1 }: DurationLimits = {},
): Findings => {
  if (text === undefined) return [];
  const ms = parseDurationMs(text);
  if (ms === undefined)
    return [invalid(path, `"${text}" is not a duration: write a number with a unit, like 1.5s`)];
  if (zero && ms === 0) return [];
  if (ms < leastMs) return [invalid(path, `duration ${text} must be at least ${leastMs}ms`)];
  // Fractions of a millisecond are compared with a tolerance, since 0.1s has no exact binary form.
  const rest = ms % stepMs;
  return Math.min(rest, stepMs - rest) > 1e-6
    ? [invalid(path, `duration ${text} must be a multiple of ${stepMs}ms`)]
    : [];
};

/** A percentage from 0 to 100; absent is fine. */
export const checkPercent = (value: number | null | undefined, path: string): Findings =>
  value === undefined || value === null || (value >= 0 && value <= 100)
    ? []
    : [invalid(path, `percentage ${value} is not in the range 0..100`)];

/** The same for a `{value}` message. */
export const checkPercentMessage = (percent: Percent | undefined, path: string): Findings =>
  checkPercent(percent?.value, `${path}.value`);

/** A count; absent is fine. */
export const checkNotNegative = (value: number | undefined, path: string): Findings =>
  value === undefined || value >= 0 ? [] : [invalid(path, `${value} must not be negative`)];

/** Label keys and values by Kubernetes' rules. */
export const checkLabels = (labels: Labels | undefined, path: string): Findings =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const at = fieldPath(path, key);
    if (!isLabelKey(key)) return [invalid(at, `"${key}" is not a valid label key`)];
    return isLabelValue(value) ? [] : [invalid(at, `"${value}" is not a valid label value`)];
  });

/** Labels of a selector: `*` is no wildcard there. */
export const checkSelectorLabels = (labels: Labels | undefined, path: string): Findings =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => {
    const at = fieldPath(path, key);
    if (key === '') return [invalid(at, 'a selector key must not be empty')];
    // A key without a value passes the schema as one that is not there.
    return key.includes('*') || value?.includes('*')
      ? [invalid(at, 'wildcards are not supported in selectors')]
      : [];
  });

/** Addresses or CIDR blocks. */
export const checkSubnets = (subnets: readonly string[] | undefined, path: string): Findings =>
  forEachItem(subnets, path, (subnet, at) =>
    isIpOrCidr(subnet) ? [] : [invalid(at, `"${subnet}" is not an IP address or CIDR block`)],
  );

const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** An HTTP field name (RFC 9110 token), or a pseudo-header. */
export const checkHeaderName = (name: string, path: string): Findings => {
  if (name === '') return [missing(path, 'header name must not be empty')];
  return headerName.test(name.replace(/^:/, ''))
    ? []
    : [invalid(path, `"${name}" is not a valid header name`)];
};

const exportWord = (one: string): boolean => one === '*' || one === '.' || one === '~';

/** `*`, `.`, `~` or namespaces, each once, `*` and `~` alone. */
export const checkExportTo = (exportTo: readonly string[] | undefined, path: string): Findings => {
  const list = exportTo ?? [];
  const each = forEachItem(list, path, (one, at, index) => {
    if (list.indexOf(one) < index) return [duplicate(at, `duplicate visibility "${one}"`)];
    return exportWord(one) || isDnsLabel(one)
      ? []
      : [invalid(at, `"${one}" is not "*", ".", "~" or the name of a namespace`)];
  });
  const alone = ['*', '~'].filter((one) => list.includes(one) && list.length > 1);
  return [
    ...each,
    ...alone.map((one) => conflict(path, `"${one}" cannot be combined with others`)),
  ];
};
