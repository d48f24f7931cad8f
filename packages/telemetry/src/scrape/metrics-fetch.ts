import http from 'node:http';
import https from 'node:https';
import { TelemetryError } from '../telemetry-error.ts';
import type { ScrapeTarget } from './scrape-target.ts';

/** A scrape that takes longer than this is given up: the next round is near. */
const timeoutMs = 4_000;
/** A proxy with ten thousand series prints some megabytes; a Prometheus tells of all proxies at once. */
const maxBodyBytes = 64 * 1024 * 1024;

/** Reads the metrics of a target. Rejects with TelemetryError. */
export type FetchMetrics = (target: ScrapeTarget) => Promise<Uint8Array>;

/** Scrapes targets at their URLs; connections are kept. */
export const createMetricsFetch = (): FetchMetrics & { close(): void } => {
  const limits = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
  const plain = new http.Agent(limits);
  const secure = new https.Agent(limits);
  const fetch: FetchMetrics = ({ id, url }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const isSecure = url.protocol === 'https:';
    const request = (isSecure ? https : http).get(url, {
      agent: isSecure ? secure : plain,
      timeout: timeoutMs,
      headers: { accept: 'text/plain;version=0.0.4' },
    });
    const fail = (cause: unknown): void =>
      reject(
        cause instanceof TelemetryError
          ? cause
          : new TelemetryError('no-answer', `${id}: ${String((cause as Error).message)}`, cause),
      );
    request.on('timeout', () =>
      request.destroy(new TelemetryError('no-answer', `${id} did not answer in ${timeoutMs} ms`)),
    );
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBodyBytes)
          request.destroy(
            new TelemetryError('too-large', `${id}: more than ${maxBodyBytes} bytes`),
          );
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new TelemetryError('bad-answer', `${id}: status ${response.statusCode}`));
      });
    });
    return promise;
  };
  return Object.assign(fetch, {
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  });
};
