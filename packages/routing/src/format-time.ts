/** A compiled time format: milliseconds since the epoch to text, in UTC. */
export type TimeFormat = (ms: number) => string;

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** Milliseconds as a fraction of a second with a number of digits. */
const fraction = (date: Date, digits: number): string =>
  String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(digits, '0').slice(0, digits);

const parts: Readonly<Record<string, (date: Date) => string>> = {
  Y: (d) => `${d.getUTCFullYear()}`,
  m: (d) => two(d.getUTCMonth() + 1),
  d: (d) => two(d.getUTCDate()),
  e: (d) => `${d.getUTCDate()}`.padStart(2, ' '),
  H: (d) => two(d.getUTCHours()),
  M: (d) => two(d.getUTCMinutes()),
  S: (d) => two(d.getUTCSeconds()),
  s: (d) => `${Math.floor(d.getTime() / 1000)}`,
  F: (d) => d.toISOString().slice(0, 10),
  T: (d) => d.toISOString().slice(11, 19),
  y: (d) => two(d.getUTCFullYear() % 100),
  a: (d) => days[d.getUTCDay()] ?? '',
  b: (d) => months[d.getUTCMonth()] ?? '',
  z: () => '+0000',
  Z: () => 'UTC',
  f: (d) => fraction(d, 9),
  '%': () => '%',
};

/** Reads `%3f`, `%E3S`, `%Ez` and the plain letters of strftime. */
const readPart = (letter: string): ((date: Date) => string) | undefined => {
  const digits = /^([0-9])f$/.exec(letter)?.[1];
  if (digits !== undefined) return (date) => fraction(date, Number(digits));
  const seconds = /^E([0-9])S$/.exec(letter)?.[1];
  if (seconds !== undefined) {
    return (date) => `${two(date.getUTCSeconds())}.${fraction(date, Number(seconds))}`;
  }
  if (letter === 'Ez') return () => '+00:00';
  return Object.hasOwn(parts, letter) ? parts[letter] : undefined;
};

/** Years 1 to 9999; outside of what Date can hold, the epoch. */
const dateOf = (ms: number): Date => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
};

/** Requests of one millisecond share their text: printing a date costs more than all else in a line. */
const remember = (format: TimeFormat): TimeFormat => {
  let lastMs = Number.NaN;
  let lastText = '';
  return (ms) => {
    const whole = Math.floor(ms);
    if (whole !== lastMs) {
      lastText = format(whole);
      lastMs = whole;
    }
    return lastText;
  };
};

/**
 * Compiles strftime text as Envoy takes it in `START_TIME(...)`. Empty: ISO 8601 with milliseconds.
 * An unknown letter is copied as it stands.
 */
export const compileTime = (format: string): TimeFormat => {
  if (format === '') return remember((ms) => dateOf(ms).toISOString());
  const pieces: (string | ((date: Date) => string))[] = [];
  for (const [token] of format.matchAll(/%(?:E[0-9]S|Ez|[0-9]f|.)|[^%]+|%$/gs)) {
    pieces.push(token.startsWith('%') ? (readPart(token.slice(1)) ?? token) : token);
  }
  return remember((ms) => {
    const date = dateOf(ms);
    let result = '';
    for (const piece of pieces) result += typeof piece === 'string' ? piece : piece(date);
    return result;
  });
};
