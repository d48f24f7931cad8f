import http from 'node:http';
import https from 'node:https';
import { TelemetryError } from '../telemetry-error.ts';

/** Bounds of one reading. */
export interface ReadLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Why a server refused, as it says itself: no more than a line of it. */
const maxReasonBytes = 400;

/** Reads what is at a URL; `who` names it in errors. Rejects with TelemetryError. */
export type ReadUrl = (who: string, url: URL, accept: string) => Promise<Uint8Array>;

const refusal = (who: string, status: number | undefined, body: Buffer): TelemetryError => {
  const [reason = ''] = body.toString('utf8').slice(0, maxReasonBytes).split('\n');
  const code = status === 404 ? 'not-found' : 'bad-answer';
  return new TelemetryError(code, `${who}: status ${status} ${reason}`.trimEnd());
};

/** Reads by GET over connections that are kept, one at a time to each server. */
export const createUrlReader = ({
  timeoutMs,
  maxBytes,
}: ReadLimits): ReadUrl & { close(): void } => {
  const connections = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
  const plain = new http.Agent(connections);
  const secure = new https.Agent(connections);
  const read: ReadUrl = (who, url, accept) => {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const isSecure = url.protocol === 'https:';
    const request = (isSecure ? https : http).get(url, {
      agent: isSecure ? secure : plain,
      timeout: timeoutMs,
      headers: { accept },
    });
    const fail = (cause: unknown): void =>
      reject(
        cause instanceof TelemetryError
          ? cause
          : new TelemetryError('no-answer', `${who}: ${String((cause as Error).message)}`, cause),
      );
    request.on('timeout', () =>
      request.destroy(new TelemetryError('no-answer', `${who} did not answer in ${timeoutMs} ms`)),
    );
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes)
          request.destroy(new TelemetryError('too-large', `${who}: more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const body = Buffer.concat(chunks);
        if (response.statusCode === 200) resolve(body);
        else reject(refusal(who, response.statusCode, body));
      });
    });
    return promise;
  };
  return Object.assign(read, {
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  });
};

/** A URL without what must not be shown, and without a slash at its end. */
export const printableUrl = (url: URL): string => {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href.replace(/\/$/, '');
};

/** Reads JSON. @throws TelemetryError `bad-answer` */
export const parseJson = (who: string, bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    const next = 'what answers there does not speak its API; is the path right?';
    throw new TelemetryError('bad-answer', `${who}: ${next}`, cause);
  }
};
