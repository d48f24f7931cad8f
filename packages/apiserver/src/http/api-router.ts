import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, Logger, Metric } from '@lateen/base';
import { ApiError, notFound } from '../api-error.ts';
import type { Authenticator, UserInfo, VerifyToken } from '../auth/authentication.ts';
import { type Authorizer, pathAttributes } from '../auth/authorization.ts';
import { metricsPage, metricsType } from '../metrics/metrics-page.ts';
import { requestLabels } from '../metrics/request-labels.ts';
import { RequestMetrics } from '../metrics/request-metrics.ts';
import type { KindRegistry, ServedKind } from '../registry/kind-registry.ts';
import type { ObjectService } from '../registry/object-service.ts';
import { subjectOf } from '../registry/object-validation.ts';
import { answerReview, type IssueToken, isReview } from '../self-review/review.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { PodBackend } from '../streams/pod-backend.ts';
import { handleStream, type StreamTarget, servePodSubresource } from '../streams/stream-handler.ts';
import { serveNonResource, servePublic } from './non-resource-handler.ts';
import { bindPod, evictPod } from './pod-actions.ts';
import { mediaTypeOf, parseBody, readBody } from './request-body.ts';
import { parseResourceTarget, type ResourceTarget } from './request-target.ts';
import { sendError, sendJson } from './response.ts';
import { parseProxyName, serviceProxyTarget } from './service-proxy-target.ts';
import { handleVerb } from './verb-handler.ts';

/** What answers are made of. */
export interface RouterOptions {
  readonly store: ObjectStore;
  readonly registry: KindRegistry;
  readonly objects: ObjectService;
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  readonly pods: PodBackend;
  readonly verifyToken: VerifyToken;
  readonly issueToken: IssueToken;
  /** Shown at `/metrics` beside the server's own. */
  readonly metrics: readonly Metric[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** One authenticated request about a resource. */
interface ResourceRequest {
  readonly target: ResourceTarget;
  readonly query: URLSearchParams;
  readonly user: UserInfo;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What an upgraded connection is counted with. */
const switchingProtocols = 101;

const streamSubresources: ReadonlySet<string> = new Set([
  'log',
  'exec',
  'attach',
  'portforward',
  'proxy',
]);

const writeVerbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
};

const verbOf = (method: string, target: ResourceTarget, query: URLSearchParams): string => {
  if (method === 'DELETE') return target.name === undefined ? 'deletecollection' : 'delete';
  const write = writeVerbs[method];
  if (write !== undefined) return write;
  if (query.get('watch') === 'true' || query.get('watch') === '1') return 'watch';
  return target.name === undefined ? 'list' : 'get';
};

/** From a request to the part that answers it: who is asking, may they, what is it about. */
export class ApiRouter {
  readonly #options: RouterOptions;
  readonly #streams = new Set<Duplex>();
  readonly #metrics = new RequestMetrics();

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = urlOf(request);
      const target = parseResourceTarget(url.pathname);
      const measured = this.#measure(request, url, target);
      response.once('close', () => measured(response.statusCode));
      if (servePublic(url.pathname, response)) return;
      const user = await this.#authenticate(request);
      if (url.pathname === '/metrics') this.#showMetrics(user, request, response);
      else if (target === undefined)
        serveNonResource(this.#options.registry, url.pathname, request, response);
      else await this.#resource({ target, query: url.searchParams, user, request, response });
    } catch (error) {
      sendError(response, error, this.#options.log);
    }
  }

  /** exec, attach and port-forward change the protocol of the connection. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    let code = switchingProtocols;
    this.#streams.add(socket);
    socket.on('close', () => this.#streams.delete(socket));
    socket.on('error', () => socket.destroy());
    try {
      const url = urlOf(request);
      const target = parseResourceTarget(url.pathname);
      const measured = this.#measure(request, url, target);
      socket.once('close', () => measured(code));
      const user = await this.#authenticate(request);
      const stream = target && this.#streamTarget(target, url.searchParams);
      if (target === undefined || stream === undefined)
        throw new ApiError('NotFound', 'the server could not find the requested resource');
      this.#authorize({ target, query: url.searchParams, user }, 'create');
      await handleStream(request, socket, head, stream);
    } catch (error) {
      code = refuseUpgrade(socket, error);
    }
  }

  closeStreams(): void {
    for (const socket of this.#streams) socket.destroy();
  }

  #measure(
    request: IncomingMessage,
    { pathname: path, searchParams: query }: URL,
    target: ResourceTarget | undefined,
  ): (code: number) => void {
    const { registry, clock } = this.#options;
    const { group = '', version = '', plural = '' } = target ?? {};
    const isServed = registry.find(group, version, plural) !== undefined || isReview(group, plural);
    const { method = 'GET' } = request;
    const mediaType = mediaTypeOf(request);
    const labels = requestLabels({ method, path, query, mediaType, target, isServed });
    return this.#metrics.begin(labels, () => clock.nowMs());
  }

  #showMetrics(user: UserInfo, request: IncomingMessage, response: ServerResponse): void {
    const { authorizer, metrics, store } = this.#options;
    const verb = (request.method ?? 'GET').toLowerCase();
    if (!authorizer(pathAttributes(user, verb, '/metrics')).allowed)
      throw new ApiError(
        'Forbidden',
        `forbidden: User "${user.username}" cannot ${verb} path "/metrics"`,
      );
    if (verb !== 'get') throw new ApiError('MethodNotAllowed', 'metrics are read only');
    const page = metricsPage([...this.#metrics.families(), ...metrics], store);
    response.writeHead(200, { 'content-type': metricsType }).end(page);
  }

  async #authenticate(request: IncomingMessage): Promise<UserInfo> {
    for (const authenticator of this.#options.authenticators) {
      const user = await authenticator.authenticate(request);
      if (user !== undefined) return user;
    }
    throw new ApiError('Unauthorized', 'Unauthorized');
  }

  #authorize(
    { target, user }: Pick<ResourceRequest, 'target' | 'query' | 'user'>,
    verb: string,
  ): void {
    const { group, plural, subresource, namespace, name } = target;
    const attributes = { user, verb, group, plural, subresource, namespace, name };
    const { allowed, reason } = this.#options.authorizer(attributes);
    if (allowed) return;
    const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
    const where =
      namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    const suffix = reason === undefined ? '' : `: ${reason}`;
    throw new ApiError(
      'Forbidden',
      `${group === '' ? plural : `${plural}.${group}`}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user.username}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}${suffix}`,
      { ...(name !== undefined && { name }), ...(group !== '' && { group }), kind: plural },
    );
  }

  #served({ group, version, plural }: ResourceTarget): ServedKind {
    const served = this.#options.registry.find(group, version, plural);
    if (served === undefined)
      throw new ApiError('NotFound', 'the server could not find the requested resource');
    return served;
  }

  async #resource(resource: ResourceRequest): Promise<void> {
    const { target, query, request, response, user } = resource;
    const method = request.method ?? 'GET';
    if (isReview(target.group, target.plural)) {
      if (method !== 'POST') throw new ApiError('MethodNotAllowed', 'reviews are created only');
      return this.#review(resource);
    }
    const served = this.#served(target);
    this.#authorize(resource, verbOf(method, target, query));
    const stream = this.#streamTarget(target, query);
    if (stream !== undefined) return servePodSubresource(request, response, stream);
    if (method === 'POST' && target.subresource !== undefined)
      return this.#action(resource, served);
    const { objects, store, clock } = this.#options;
    const services = { objects, store, clock };
    return handleVerb({ services, served, target, query, user, request, response });
  }

  async #review(resource: ResourceRequest): Promise<void> {
    const { target, request, response, user } = resource;
    const { authorizer, verifyToken, issueToken, clock } = this.#options;
    const body = parseBody(await readBody(request), mediaTypeOf(request));
    const answer = await answerReview({
      ...target,
      body,
      user,
      authorizer,
      verifyToken,
      issueToken,
      nowMs: clock.nowMs(),
    });
    sendJson(response, { code: 201, body: answer });
  }

  /** POST on a subresource: binding and eviction of pods, tokens of service accounts. */
  async #action(resource: ResourceRequest, served: ServedKind): Promise<void> {
    const { target, request, response, user, query } = resource;
    const { name = '', namespace, subresource } = target;
    const one = { served, namespace, name };
    if (subresource === 'token' && target.plural === 'serviceaccounts') {
      this.#options.objects.get(one);
      return this.#review(resource);
    }
    const actions = { binding: bindPod, eviction: evictPod };
    const action =
      target.plural === 'pods' && (subresource === 'binding' || subresource === 'eviction')
        ? actions[subresource]
        : undefined;
    if (action === undefined) throw notFound(subjectOf(served, `${name}/${subresource}`));
    const { objects, store, clock } = this.#options;
    const body = parseBody(await readBody(request), mediaTypeOf(request));
    const context = {
      user,
      dryRun: query.get('dryRun') === 'All',
      fieldValidation: 'Ignore' as const,
      fieldManager: user.username,
      warnings: [],
    };
    sendJson(response, {
      code: 201,
      body: await action({ objects, store, clock }, one, body, context),
    });
  }

  /** Streams of pods, and proxies of pods and services; undefined for anything else. */
  #streamTarget(target: ResourceTarget, query: URLSearchParams): StreamTarget | undefined {
    const { group, plural, namespace, name, subresource = '', rest } = target;
    if (group !== '' || name === undefined || namespace === undefined) return undefined;
    const ofPod = plural === 'pods' && streamSubresources.has(subresource);
    const ofService = plural === 'services' && subresource === 'proxy';
    if (!ofPod && !ofService) return undefined;
    const asked = parseProxyName(name);
    const found = ofService
      ? serviceProxyTarget(this.#options.store, namespace, asked)
      : { podName: asked.name, port: asked.port };
    const container = query.get('container');
    return {
      ref: { namespace, name: found.podName, ...(container ? { container } : {}) },
      subresource: subresource as StreamTarget['subresource'],
      query,
      pods: this.#options.pods,
      ...(found.port !== undefined && { port: Number(found.port) }),
      path: rest,
    };
  }
}

/** @throws ApiError BadRequest for a request line that is no path. */
const urlOf = (request: IncomingMessage): URL => {
  const url = URL.parse(request.url ?? '/', 'https://server');
  if (url === null) throw new ApiError('BadRequest', 'the request path cannot be read');
  return url;
};

/** A refusal before the protocol changed is an ordinary HTTP answer on the raw socket. Returns its status. */
const refuseUpgrade = (socket: Duplex, error: unknown): number => {
  const known =
    error instanceof ApiError
      ? error
      : new ApiError('InternalError', 'the stream cannot be opened');
  if (socket.destroyed) return known.httpCode;
  const body = JSON.stringify(known.toStatus());
  socket.end(
    `HTTP/1.1 ${known.httpCode} ${known.code}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  return known.httpCode;
};
