import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../api-error.ts';
import {
  aggregatedDiscovery,
  aggregatedMediaType,
  legacyGroup,
  legacyResources,
  legacyRoot,
} from '../discovery/discovery.ts';
import { openApiV2 } from '../openapi/v2-document.ts';
import { openApiV2Protobuf, openApiV2ProtobufType } from '../openapi/v2-protobuf.ts';
import { openApiV3Document, openApiV3Index } from '../openapi/v3-document.ts';
import type { KindRegistry } from '../registry/kind-registry.ts';
import { sendJson } from './response.ts';

/** The Kubernetes release whose API this server follows; clients choose their behaviour by it. */
const serverVersion: Readonly<Record<string, string>> = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0+lateen',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-11-21T00:00:00Z',
  goVersion: `node ${process.versions.node}`,
  compiler: 'none',
  platform: `${process.platform}/${process.arch}`,
};

const healthPaths: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);

/** Answers what anybody may ask: health and version. False when the path is something else. */
export const servePublic = (path: string, response: ServerResponse): boolean => {
  if (path === '/version' || path === '/version/') {
    sendJson(response, { code: 200, body: serverVersion });
    return true;
  }
  if (!healthPaths.has(path)) return false;
  response.writeHead(200, { 'content-type': 'text/plain' }).end('ok');
  return true;
};

interface Answer {
  readonly body: unknown;
  readonly contentType?: string;
}

const discoveryRoot = (registry: KindRegistry, core: boolean, accept: string): Answer =>
  accept.includes('as=APIGroupDiscoveryList') && /v=v2(;|,|$)/.test(accept)
    ? { body: aggregatedDiscovery(registry, core), contentType: aggregatedMediaType }
    : { body: legacyRoot(registry, core) };

const openApi = (registry: KindRegistry, words: readonly string[]): unknown => {
  const [version, ...rest] = words;
  const served = registry.served();
  if (version === 'v2') return openApiV2(served);
  if (version !== 'v3') return undefined;
  if (rest.length === 0) return openApiV3Index(served, String(registry.revision));
  return openApiV3Document(served, rest.join('/'));
};

/** Below `/apis`: a group, or a group version. */
const groupDocument = (registry: KindRegistry, words: readonly string[]): unknown => {
  const [group = '', version, ...more] = words;
  if (more.length > 0) return undefined;
  return version === undefined
    ? legacyGroup(registry, group)
    : legacyResources(registry, group, version);
};

const answerTo = (registry: KindRegistry, path: string, accept: string): Answer => {
  const [first, ...words] = path.split('/').filter((word) => word !== '');
  const isApi = first === 'api' || first === 'apis';
  if (isApi && words.length === 0) return discoveryRoot(registry, first === 'api', accept);
  if (first === 'openapi') return { body: openApi(registry, words) };
  if (first === 'api') return { body: groupDocument(registry, ['', ...words]) };
  return { body: first === 'apis' ? groupDocument(registry, words) : undefined };
};

/**
 * Answers discovery and OpenAPI.
 * @throws ApiError NotFound for a path nobody serves.
 */
export const serveNonResource = (
  registry: KindRegistry,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const accept = request.headers.accept ?? '';
  if (path === '/openapi/v2' && accept.includes('+protobuf')) {
    response.writeHead(200, { 'content-type': openApiV2ProtobufType }).end(openApiV2Protobuf);
    return;
  }
  const answer = answerTo(registry, path, accept);
  if (answer.body === undefined)
    throw new ApiError('NotFound', 'the server could not find the requested resource');
  sendJson(response, { code: 200, ...answer });
};
