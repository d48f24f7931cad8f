import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Logger } from '@lateen/base';
import { type Answer, problem } from '../server/answer.ts';
import { QueryReader } from '../server/query-reader.ts';
import { type ApiRoute, RouteTable } from '../server/route-table.ts';
import { reasonOf } from '../telemetry-error.ts';

/** Other clusters, each with some questions at once. */
const maxConnections = 256;
const requestTimeoutMs = 10_000;

/** What answers the eyes of other clusters. */
export interface PeerServer {
  close(): Promise<void>;
}

const answerOf = async (table: RouteTable, request: IncomingMessage): Promise<Answer> => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://eyes');
  const match = table.match(request.method ?? '', pathname.slice(1));
  if (match.route === undefined) return problem('not-found', `there is no ${pathname}`);
  const query = new QueryReader(searchParams);
  const { params, route } = match;
  const access = { canWrite: false, readOnlyReason: 'another cluster asks' };
  const answer = await route.handle({ method: 'GET', params, query, body: undefined, ...access });
  const [wrong] = query.diagnostics;
  return wrong === undefined ? answer : problem('bad-request', wrong.message);
};

const respond = async (
  table: RouteTable,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  log: Logger,
): Promise<void> => {
  request.resume();
  let answer: Answer;
  try {
    answer = await answerOf(table, request);
  } catch (error) {
    log.error('the eyes of another cluster get no answer', { reason: reasonOf(error) });
    answer = problem('internal', 'the log has the reason');
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.body));
};

/**
 * Answers the eyes of other clusters at a Unix socket, whose folder says who may ask: its owner. One that was left behind
 * is replaced. Rejects with what the system says.
 */
export const startPeerServer = async (
  socket: string,
  routes: readonly ApiRoute[],
  log: Logger,
): Promise<PeerServer> => {
  const table = new RouteTable(routes);
  const server = http.createServer((request, response) => {
    void respond(table, { request, response }, log);
  });
  server.requestTimeout = requestTimeoutMs;
  server.maxConnections = maxConnections;
  await rm(socket, { force: true });
  server.listen(socket);
  await once(server, 'listening');
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
