import type { AccessLogFields } from '../contract/log.ts';

/**
 * Istio's default text format (telemetry_logging.go): fields in this order, some quoted.
 */
const order = [
  ...['startTime', 'request', 'responseCode', 'responseFlags', 'responseCodeDetails'],
  ...['terminationDetails', 'transportFailure', 'bytesReceived', 'bytesSent', 'duration'],
  ...['upstreamServiceTime', 'forwardedFor', 'userAgent', 'requestId', 'authority'],
  ...['upstreamHost', 'upstreamCluster', 'upstreamLocal', 'downstreamLocal'],
  ...['downstreamRemote', 'serverName', 'routeName'],
] as const;

/** Names in Istio's JSON format. */
const jsonNames = {
  method: 'method',
  path: 'path',
  protocol: 'protocol',
  responseCode: 'response_code',
  responseFlags: 'response_flags',
  responseCodeDetails: 'response_code_details',
  bytesReceived: 'bytes_received',
  bytesSent: 'bytes_sent',
  durationMs: 'duration',
  authority: 'authority',
  requestId: 'request_id',
  upstreamHost: 'upstream_host',
  upstreamCluster: 'upstream_cluster',
  routeName: 'route_name',
  userAgent: 'user_agent',
} as const satisfies Record<keyof AccessLogFields, string>;

const token = /\[([^\]]*)\]|"([^"]*)"|(\S+)/y;

const tokensOf = (line: string): readonly string[] => {
  const tokens: string[] = [];
  let position = 0;
  while (position < line.length && tokens.length < order.length) {
    if (line[position] === ' ') {
      position++;
      continue;
    }
    token.lastIndex = position;
    const match = token.exec(line);
    if (match === null) break;
    tokens.push(match[1] ?? match[2] ?? match[3] ?? '');
    position = token.lastIndex;
  }
  return tokens;
};

const numberOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) : 0);

const dash = (text: string): string => (text === '-' ? '' : text);

const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT/.test(text);

const fromText = (line: string): AccessLogFields | undefined => {
  if (!line.startsWith('[')) return undefined;
  const tokens = tokensOf(line);
  if (tokens.length < order.length || !isTime(tokens[0] ?? '')) return undefined;
  const at = (name: (typeof order)[number]): string => tokens[order.indexOf(name)] ?? '';
  const [method = '-', ...rest] = at('request').split(' ');
  const protocol = rest.pop() ?? '-';
  return {
    method: dash(method),
    path: dash(rest.join(' ')),
    protocol: dash(protocol),
    responseCode: numberOf(at('responseCode')),
    responseFlags: at('responseFlags'),
    responseCodeDetails: dash(at('responseCodeDetails')),
    bytesReceived: numberOf(at('bytesReceived')),
    bytesSent: numberOf(at('bytesSent')),
    durationMs: numberOf(at('duration')),
    authority: dash(at('authority')),
    requestId: dash(at('requestId')),
    upstreamHost: dash(at('upstreamHost')),
    upstreamCluster: dash(at('upstreamCluster')),
    routeName: dash(at('routeName')),
    userAgent: dash(at('userAgent')),
  };
};

const numeric: ReadonlySet<string> = new Set([
  ...['responseCode', 'bytesReceived', 'bytesSent', 'durationMs'],
]);

const fromJson = (line: string): AccessLogFields | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields === null || typeof fields !== 'object' || !('response_code' in fields)) {
    return undefined;
  }
  const read = Object.entries(jsonNames).map(([name, written]) => {
    const found = fields[written];
    const text = found === null || found === undefined ? '' : String(found);
    if (numeric.has(name)) return [name, numberOf(text)];
    return [name, name === 'responseFlags' ? text || '-' : dash(text)];
  });
  return Object.fromEntries(read) as AccessLogFields;
};

/** Reads a line of Istio's access log, text or JSON format; undefined for any other line. */
export const accessLogFields = (line: string): AccessLogFields | undefined =>
  line.startsWith('{') ? fromJson(line) : fromText(line);
