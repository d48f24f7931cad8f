import type { IncomingMessage, RequestOptions } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { KubeObject } from '@lateen/api';
import { parseJsonLines } from './json-lines.ts';
import type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ListResult,
  ObjectRef,
  PatchKind,
  PatchRequest,
  WatchEvent,
  WatchOptions,
} from './kube-client.ts';
import { errorFromStatus, KubeError, type KubeStatus } from './kube-error.ts';
import type { KubeConnection } from './kubeconfig.ts';
import { type Resource, resourcePath } from './resource.ts';

/** A request that is not a watch must be answered within this time. */
const requestTimeoutMs = 30_000;
/** Servers end watches after 5-10 minutes; one silent for longer than a bookmark period is dead. */
const watchSilenceMs = 10 * 60_000;
/** Parallel connections: one a watch, some for writes. */
const maxSockets = 64;

const patchTypes: Readonly<Record<PatchKind, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

const applyQuery = ({ kind, fieldManager = 'lateen' }: PatchRequest): string =>
  kind === 'apply' ? `?force=true&fieldManager=${encodeURIComponent(fieldManager)}` : '';

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

const readText = async (message: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const parseStatus = (text: string): KubeStatus => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Not JSON: a proxy's page or a truncated body; shown as it is.
  }
  return text === '' ? {} : { message: text.slice(0, 500) };
};

const queryOf = (options: ListOptions, extra: Readonly<Record<string, string>> = {}): string => {
  const query = new URLSearchParams(extra);
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
};

const networkError = (error: unknown, signal: AbortSignal | undefined): KubeError => {
  if (error instanceof KubeError) return error;
  if (signal?.aborted === true) return new KubeError('aborted', 'aborted', { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new KubeError('unreachable', `the API server cannot be reached: ${reason}`, {
    cause: error,
  });
};

/** How a client presents itself. */
export interface KubeClientOptions {
  /** `User-Agent`: the API server takes the manager of fields from its first word. Default none. */
  readonly userAgent?: string;
}

/** `KubeClient` over HTTP(S) with keep-alive connections. */
class HttpKubeClient implements KubeClient {
  readonly #server: URL;
  readonly #defaults: RequestOptions;

  constructor(connection: KubeConnection, { userAgent }: KubeClientOptions) {
    this.#server = new URL(connection.server);
    const secure = this.#server.protocol === 'https:';
    const agent = secure
      ? new https.Agent({
          keepAlive: true,
          maxSockets,
          ...(connection.certificateAuthority && { ca: connection.certificateAuthority }),
          ...(connection.clientCertificate && { cert: connection.clientCertificate }),
          ...(connection.clientKey && { key: connection.clientKey }),
          rejectUnauthorized: !connection.insecureSkipTlsVerify,
        })
      : new http.Agent({ keepAlive: true, maxSockets });
    const authorization = connection.token && { authorization: `Bearer ${connection.token}` };
    const named = userAgent && { 'user-agent': userAgent };
    this.#defaults = { agent, headers: { accept: 'application/json', ...named, ...authorization } };
  }

  #open(call: Call): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const base = this.#server.pathname.replace(/\/$/, '');
    const send = this.#server.protocol === 'https:' ? https.request : http.request;
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const request = send(new URL(base + call.path, this.#server), {
      ...this.#defaults,
      method: call.method,
      headers: {
        ...(this.#defaults.headers as Record<string, string>),
        ...(body === undefined
          ? {}
          : {
              'content-type': call.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(body),
            }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
    request.setTimeout(call.timeoutMs ?? requestTimeoutMs, () => {
      request.destroy(new KubeError('timeout', `${call.method} ${call.path}: no answer in time`));
    });
    request.on('error', reject);
    request.on('response', resolve);
    request.end(body);
    return promise;
  }

  async #json<T>(call: Call): Promise<T> {
    try {
      const response = await this.#open(call);
      const text = await readText(response);
      const status = response.statusCode ?? 0;
      if (status >= 400) throw errorFromStatus(status, parseStatus(text));
      return JSON.parse(text) as T;
    } catch (error) {
      throw networkError(error, call.signal);
    }
  }

  async list<T extends KubeObject>(
    resource: Resource,
    options: ListOptions = {},
  ): Promise<ListResult<T>> {
    const path = resourcePath(resource, { namespace: options.namespace }) + queryOf(options);
    const answer = await this.#json<{
      items?: readonly T[];
      metadata?: { resourceVersion?: string };
    }>({ method: 'GET', path, signal: options.signal });
    return {
      items: answer.items ?? [],
      resourceVersion: answer.metadata?.resourceVersion ?? '0',
    };
  }

  get<T extends KubeObject>(resource: Resource, ref: ObjectRef): Promise<T> {
    return this.#json({ method: 'GET', path: resourcePath(resource, ref) });
  }

  create<T extends KubeObject>(resource: Resource, object: T): Promise<T> {
    const path = resourcePath(resource, { namespace: object.metadata.namespace });
    return this.#json({ method: 'POST', path, body: object });
  }

  update<T extends KubeObject>(resource: Resource, object: T, subresource?: 'status'): Promise<T> {
    const { name, namespace } = object.metadata;
    const path = resourcePath(resource, { namespace, name, subresource });
    return this.#json({ method: 'PUT', path, body: object });
  }

  patch<T extends KubeObject>(resource: Resource, request: PatchRequest): Promise<T> {
    return this.#json({
      method: 'PATCH',
      path: `${resourcePath(resource, request)}${applyQuery(request)}`,
      body: request.body,
      contentType: patchTypes[request.kind],
    });
  }

  async delete(resource: Resource, options: DeleteOptions): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, uid } = options;
    await this.#json({
      method: 'DELETE',
      path: resourcePath(resource, { namespace: options.namespace, name: options.name }),
      body: {
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        ...(propagationPolicy && { propagationPolicy }),
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(uid && { preconditions: { uid } }),
      },
    });
  }

  async *watch<T extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    const query = queryOf(options, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
    });
    const path = resourcePath(resource, { namespace: options.namespace }) + query;
    const { signal } = options;
    let response: IncomingMessage | undefined;
    try {
      response = await this.#open({ method: 'GET', path, signal, timeoutMs: watchSilenceMs });
      const status = response.statusCode ?? 0;
      if (status >= 400) throw errorFromStatus(status, parseStatus(await readText(response)));
      for await (const line of parseJsonLines(response)) {
        const event = line as { type: string; object: unknown };
        if (event.type === 'ERROR') {
          const failure = event.object as KubeStatus;
          throw errorFromStatus(failure.code ?? 500, failure);
        }
        yield event as WatchEvent<T>;
      }
    } catch (error) {
      throw networkError(error, signal);
    } finally {
      response?.destroy();
    }
  }
}

/** Opens no connection until the first call. */
export const createKubeClient = (
  connection: KubeConnection,
  options: KubeClientOptions = {},
): KubeClient => new HttpKubeClient(connection, options);
