import { ProxyConfigError } from './proxy-config-error.ts';

const levels: readonly string[] = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

const checkedLevel = (level: string): string => {
  // istioctl takes both names.
  const name = level === 'warn' ? 'warning' : level;
  if (levels.includes(name)) return name;
  throw new ProxyConfigError(
    'bad-flag',
    `unrecognized logging level: ${level}; use one of ${levels.join(', ')}`,
  );
};

/**
 * Requests that set levels: `debug` for all loggers, `http:debug,router:trace` for some.
 * @throws ProxyConfigError `bad-flag`.
 */
export const loggingRequests = (text: string): readonly string[] =>
  text.split(',').map((part) => {
    const [first = '', second] = part.trim().split(':');
    return second === undefined
      ? `/logging?level=${checkedLevel(first)}`
      : `/logging?${encodeURIComponent(first)}=${checkedLevel(second)}`;
  });
