import type { LogLine } from '../contract/log.ts';
import { accessLogFields } from './access-log-line.ts';
import { accessOf, type LogSource } from './log-owner.ts';
import type { ReceivedLog } from './received-log.ts';

/** Longer lines are cut. */
const maxCharacters = 8_192;

const levels: readonly (readonly [LogLine['level'], RegExp])[] = [
  ['error', /\b(?:error|fatal|panic|critical|exception)\b/i],
  ['warning', /\bwarn(?:ing)?\b/i],
  ['info', /\binfo\b/i],
  ['debug', /\b(?:debug|trace)\b/i],
];

/** The level stands at the start of lines that have one. */
const levelSearchCharacters = 160;

const levelOf = (text: string, status: number | undefined): LogLine['level'] => {
  if (status !== undefined) return status >= 500 || status === 0 ? 'error' : 'info';
  const start = text.slice(0, levelSearchCharacters);
  const json = /"(?:level|severity)"\s*:\s*"([a-z]+)"/i.exec(start)?.[1];
  const found = levels.find(([, pattern]) => pattern.test(json ?? start));
  return found?.[0] ?? 'unknown';
};

const traceIds = [
  /\b00-([0-9a-f]{32})-[0-9a-f]{16}-/i,
  /trace[_-]?id"?\s*[=:]\s*"?([0-9a-f]{32})\b/i,
  /x-b3-traceid"?\s*[=:]\s*"?([0-9a-f]{32})\b/i,
] as const;

const traceIdOf = (text: string): string => {
  for (const pattern of traceIds) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found.toLowerCase();
  }
  return '';
};

/** A record of OTLP logs as a line. */
export const receivedLine = (log: ReceivedLog, source: LogSource): LogLine => {
  const access = accessOf(log);
  const text = log.text === '' ? JSON.stringify(log.attributes) : log.text.trimEnd();
  return {
    timeMs: log.timeMs,
    ...source,
    text,
    level: levelOf(`${log.severity} ${text}`, access?.responseCode),
    ...(access && { access }),
    traceId: log.traceId || traceIdOf(text),
  };
};

/** A line of the API server's log endpoint with `timestamps=true`; undefined when it has no time. */
export const logLine = (written: string, source: LogSource): LogLine | undefined => {
  const space = written.indexOf(' ');
  const timeMs = Date.parse(space < 0 ? written : written.slice(0, space));
  if (Number.isNaN(timeMs)) return undefined;
  const whole = space < 0 ? '' : written.slice(space + 1).trimEnd();
  const text = whole.length > maxCharacters ? `${whole.slice(0, maxCharacters)}…` : whole;
  const access = source.isProxy ? accessLogFields(whole) : undefined;
  return {
    timeMs,
    ...source,
    text,
    level: levelOf(text, access?.responseCode),
    ...(access && { access }),
    traceId: traceIdOf(text),
  };
};
