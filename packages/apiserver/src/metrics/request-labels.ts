import type { Labels } from '@lateen/base';
import type { ResourceTarget } from '../http/request-target.ts';

/** What metrics say of a request. */
export interface RequestLabels {
  /** Of `apiserver_request_total` but for `code`. */
  readonly labels: Labels;
  /** Watches and streams: how long they take says nothing about the server. */
  readonly isLongRunning: boolean;
  readonly isMutating: boolean;
}

/** What a request is labelled by. */
export interface LabelledRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly mediaType: string;
  /** Undefined: no resource is meant. */
  readonly target: ResourceTarget | undefined;
  /** Whether such a resource is served: names that clients make up are not labels. */
  readonly isServed: boolean;
}

const streams: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);
/** The names there are; others a client made up. */
const subresources: ReadonlySet<string> = new Set([
  ...streams,
  ...['log', 'status', 'scale', 'binding', 'eviction', 'token', 'finalize'],
]);
/** Paths that are no resource, by their first word: `subresource` of metrics, as Kubernetes has it. */
const paths: ReadonlySet<string> = new Set([
  ...['api', 'apis', 'openapi', 'version', 'healthz', 'livez', 'readyz', 'metrics'],
]);

const writes: Readonly<Record<string, string>> = { POST: 'POST', PUT: 'PUT' };

const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

const readVerb = (target: ResourceTarget | undefined, query: URLSearchParams): string => {
  if (target === undefined) return 'GET';
  if (isTrue(query.get('watch'))) return 'WATCH';
  return target.name === undefined ? 'LIST' : 'GET';
};

/** Kubernetes' names: what a GET reads, and which PATCH is an apply. */
const verbOf = ({ method, target, query, mediaType }: LabelledRequest): string => {
  if (target?.subresource !== undefined && streams.has(target.subresource)) return 'CONNECT';
  if (method === 'GET' || method === 'HEAD') return readVerb(target, query);
  if (method === 'PATCH') return mediaType === 'application/apply-patch+yaml' ? 'APPLY' : 'PATCH';
  if (method === 'DELETE') return target?.name === undefined ? 'DELETECOLLECTION' : 'DELETE';
  return writes[method] ?? 'other';
};

const scopeOf = (target: ResourceTarget, verb: string): string => {
  if (target.name !== undefined || verb === 'POST') return 'resource';
  return target.namespace === undefined ? 'cluster' : 'namespace';
};

const subresourceOf = ({ subresource = '' }: ResourceTarget): string =>
  subresources.has(subresource) ? subresource : '';

/** `/metrics` of `/metrics`, `/apis` of `/apis/apps/v1`; empty for paths nobody serves. */
const pathLabel = (path: string): string => {
  const first = path.split('/', 2)[1] ?? '';
  return paths.has(first) ? `/${first}` : '';
};

/** Labels of a request: all values are from closed sets, or names of kinds. */
export const requestLabels = (request: LabelledRequest): RequestLabels => {
  const { target, isServed, query, path } = request;
  const verb = verbOf(request);
  const known = isServed ? target : undefined;
  const subresource = target === undefined ? pathLabel(path) : subresourceOf(target);
  const isFollowed = subresource === 'log' && isTrue(query.get('follow'));
  return {
    labels: {
      component: 'apiserver',
      dry_run: query.get('dryRun') === 'All' ? 'All' : '',
      group: known?.group ?? '',
      resource: known?.plural ?? '',
      scope: target === undefined ? '' : scopeOf(target, verb),
      subresource,
      verb,
      version: known?.version ?? '',
    },
    isLongRunning: verb === 'WATCH' || verb === 'CONNECT' || isFollowed,
    isMutating: !['GET', 'LIST', 'WATCH', 'CONNECT'].includes(verb),
  };
};
