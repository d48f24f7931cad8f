import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What an API server answers, by path without its query: text as it is, anything else as JSON. */
export type ApiAnswers = Readonly<Record<string, unknown>>;

/** An API server for tests. */
export interface TestApi {
  readonly url: string;
  /** Requests so far: `GET /api/v1/pods?limit=500`. */
  readonly asked: readonly string[];
}

/** A list as the API serves it. */
export const listOf = (...items: readonly unknown[]): unknown => ({
  kind: 'List',
  metadata: {},
  items,
});

/** Starts one that ends with the test. What it does not know is 404, as kinds without their CRD. */
export const startTestApi = async (t: TestContext, answers: ApiAnswers): Promise<TestApi> => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const answer = answers[(request.url ?? '').split('?', 1)[0] ?? ''];
    response.statusCode = answer === undefined ? 404 : 200;
    const body = answer ?? { kind: 'Status', code: 404 };
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

/** A kubeconfig with a context for each server, the first one current. */
export const kubeconfigOf = (
  servers: Readonly<Record<string, string>>,
  namespace?: string,
): string => {
  const names = Object.keys(servers);
  return JSON.stringify({
    'current-context': names[0],
    contexts: names.map((name) => ({
      name,
      context: { cluster: name, user: 'u', ...(namespace !== undefined && { namespace }) },
    })),
    clusters: names.map((name) => ({ name, cluster: { server: servers[name] } })),
    users: [{ name: 'u', user: { token: 't' } }],
  });
};
