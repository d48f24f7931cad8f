import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { benchHost } from './proxy-bootstrap.ts';

/** What one round of load saw. */
export interface LoadResult {
  readonly requests: number;
  readonly failures: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** The head every request carries besides Host: six headers, as a browser's call has. */
const headers = [
  `Host: ${benchHost}`,
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench',
  'Accept: text/html,application/json;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.5',
  'Accept-Encoding: gzip, deflate',
  'Cookie: session=0123456789abcdef',
  'X-B3-TraceId: 80f198ee56343ba864fe8b2a57d3eff7',
];

const units: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000 };

const microseconds = (text: string | undefined): number => {
  const match = /^([0-9.]+)(us|ms|s)$/.exec(text ?? '');
  if (match === null) throw new Error(`wrk printed no latency: ${text}`);
  return Number(match[1]) * (units[match[2] ?? 'us'] ?? 1);
};

const countOf = (pattern: RegExp, output: string): number => Number(pattern.exec(output)?.[1] ?? 0);

const parse = (output: string): LoadResult => {
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    output,
  );
  const socketErrors = (errors ?? []).slice(1).reduce((sum, text) => sum + Number(text), 0);
  return {
    requests: countOf(/(\d+) requests in/, output),
    failures: socketErrors + countOf(/Non-2xx or 3xx responses: (\d+)/, output),
    p50Us: microseconds(/\s50%\s+(\S+)/.exec(output)?.[1]),
    p99Us: microseconds(/\s99%\s+(\S+)/.exec(output)?.[1]),
  };
};

/** Asks over keep-alive connections for some seconds, with wrk on one thread. */
export const runLoad = async (
  port: number,
  connections: number,
  seconds: number,
): Promise<LoadResult> => {
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency'];
  for (const header of headers) args.push('-H', header);
  args.push(`http://127.0.0.1:${port}/api/products/1?view=full`);
  const { stdout } = await promisify(execFile)('wrk', args);
  return parse(stdout);
};
