import http from 'node:http';
import net from 'node:net';
import { bodyOf, httpUpstream, type Upstream } from './upstream.ts';

/** A message as its receiver understood it. */
export interface SeenMessage {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly body: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** A server with Node's strict parser (llhttp) that notes what it gets and answers 200 `ok`. */
export interface StrictServer extends AsyncDisposable {
  readonly port: number;
  /** Requests that came whole, in order; taken out by each call. */
  take(): readonly SeenMessage[];
  /** Waits until every request begun has ended. */
  settled(): Promise<void>;
}

/** Starts one. `requireHostHeader`: it answers 400 to requests without Host; default true. */
export const strictServer = async (
  options: { readonly requireHostHeader?: boolean } = {},
): Promise<StrictServer> => {
  let seen: { readonly message: Omit<SeenMessage, 'body'>; body: string | undefined }[] = [];
  let busy = 0;
  const onRequest: http.RequestListener = (request, response) => {
    busy++;
    const { method = '', url: path = '', rawHeaders } = request;
    const host = request.headers.host ?? '';
    const entry = {
      message: { method, path, host, rawHeaders },
      body: undefined as string | undefined,
    };
    seen.push(entry);
    bodyOf(request)
      .then((body) => {
        entry.body = body.toString('latin1');
        response.end('ok');
      })
      .catch(() => undefined)
      .finally(() => {
        busy--;
      });
  };
  const upstream: Upstream = await httpUpstream(onRequest, options);
  upstream.server.on('checkExpectation', onRequest);
  // A client that has said everything still wants its answers.
  Object.assign(upstream.server, { httpAllowHalfOpen: true });
  return {
    port: upstream.port,
    take: () => {
      const whole = seen.flatMap(({ message, body }) =>
        body === undefined ? [] : [{ ...message, body }],
      );
      seen = [];
      return whole;
    },
    settled: async () => {
      while (busy > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    [Symbol.asyncDispose]: () => upstream[Symbol.asyncDispose](),
  };
};

/** What the strict parser makes of the bytes of a connection: messages, then perhaps an error. */
export const requestsByLlhttp = async (
  server: StrictServer,
  bytes: Buffer,
): Promise<{ readonly requests: readonly SeenMessage[]; readonly refused: boolean }> => {
  let refused = false;
  const answer = await new Promise<string>((resolve) => {
    const socket = net.connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {
      refused = true;
    });
    socket.once('close', () => resolve(text));
    socket.once('end', () => socket.destroy());
    socket.end(bytes);
  });
  await server.settled();
  const requests = server.take();
  return { requests, refused: refused || /^HTTP\/1\.1 4/m.test(answer) };
};

/** What the strict parser makes of an answer: its status and body, or why it does not take it. */
export const responseByLlhttp = (port: number, method: string): Promise<string> =>
  new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', method, agent: false });
    request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      resolve('101');
    });
    request.once('response', (response) => {
      bodyOf(response).then(
        (body) => resolve(`${response.statusCode} ${body.toString('latin1')}`),
        (error: NodeJS.ErrnoException) => resolve(`${response.statusCode} cut ${error.code}`),
      );
    });
    request.end();
  });
