import type { Diagnostic } from '@lateen/base';
import type { StringMatch } from '../input/string-match.ts';
import type { HttpMatch, HttpRoute } from '../input/virtual-service.ts';
import type { HttpRule, MeshVirtualService } from './mesh-virtual-service.ts';
import { isExportedTo } from './visibility.ts';

/** Replaces every rule that delegates by the delegate's rules, narrowed to the root's match. */
export const mergeDelegates = (
  root: MeshVirtualService,
  delegates: ReadonlyMap<string, MeshVirtualService>,
  diagnostics: Diagnostic[],
): MeshVirtualService => {
  if (root.http.every(({ route }) => route.delegate === undefined)) return root;
  const http = root.http.flatMap((rule): readonly HttpRule[] => {
    if (rule.route.delegate === undefined) return [rule];
    const { name = '', namespace = '' } = rule.route.delegate;
    const delegate = delegates.get(`${namespace || root.namespace}/${name}`);
    if (
      delegate === undefined ||
      !isExportedTo(delegate.exportTo, delegate.namespace, root.namespace)
    ) {
      diagnostics.push({
        severity: 'error',
        code: 'IST0101',
        message: `delegate VirtualService "${namespace || root.namespace}/${name}" is not there, has hosts, or is not exported to ${root.namespace}`,
        path: `spec.http[${rule.rule}].delegate`,
        object: `VirtualService/${root.namespace}/${root.name}`,
      });
      return [];
    }
    return delegate.http.flatMap((inner) => mergeRule(rule, inner, delegate.config) ?? []);
  });
  return { ...root, http };
};

const mergeRule = (root: HttpRule, inner: HttpRule, config: string): HttpRule | undefined => {
  const match = mergeMatches(root.route.match, inner.route.match);
  if (match === undefined) return undefined;
  const route = inherit(root.route, inner.route);
  return {
    route: { ...route, match },
    rule: root.rule,
    delegate: { config, rule: inner.rule },
  };
};

const joinNames = (root: string | undefined, inner: string | undefined): string | undefined =>
  root && inner ? `${root}-${inner}` : root || inner;

/** What a delegate leaves unset it takes from its root. */
const inherit = (root: HttpRoute, inner: HttpRoute): HttpRoute => ({
  ...inner,
  delegate: undefined,
  name: joinNames(root.name, inner.name),
  rewrite: inner.rewrite ?? root.rewrite,
  timeout: inner.timeout ?? root.timeout,
  retries: inner.retries ?? root.retries,
  fault: inner.fault ?? root.fault,
  mirror: inner.mirror ?? root.mirror,
  mirrorPercent: inner.mirrorPercent ?? root.mirrorPercent,
  mirrorPercentage: inner.mirrorPercentage ?? root.mirrorPercentage,
  mirrors: inner.mirrors.length > 0 ? inner.mirrors : root.mirrors,
  corsPolicy: inner.corsPolicy ?? root.corsPolicy,
  headers: inner.headers ?? root.headers,
});

/** Undefined when both have conditions and no pair agrees: the rule is dropped. */
const mergeMatches = (
  root: readonly HttpMatch[],
  inner: readonly HttpMatch[],
): readonly HttpMatch[] | undefined => {
  if (root.length === 0) return inner;
  if (inner.length === 0) return root;
  const merged: HttpMatch[] = [];
  for (const outer of root) {
    for (const match of inner) {
      if (!conflicts(outer, match)) merged.push(mergeMatch(outer, match));
    }
  }
  return merged.length === 0 ? undefined : merged;
};

const mergeMatch = (root: HttpMatch, inner: HttpMatch): HttpMatch => ({
  name: joinNames(root.name, inner.name),
  uri: inner.uri ?? root.uri,
  scheme: inner.scheme ?? root.scheme,
  method: inner.method ?? root.method,
  authority: inner.authority ?? root.authority,
  headers: new Map([...root.headers, ...inner.headers]),
  withoutHeaders: new Map([...root.withoutHeaders, ...inner.withoutHeaders]),
  queryParams: new Map([...root.queryParams, ...inner.queryParams]),
  ignoreUriCase: inner.uri === undefined ? root.ignoreUriCase : inner.ignoreUriCase,
  port: inner.port ?? root.port,
  sourceLabels: new Map([...root.sourceLabels, ...inner.sourceLabels]),
  sourceNamespace: inner.sourceNamespace ?? root.sourceNamespace,
  gateways: inner.gateways.length > 0 ? inner.gateways : root.gateways,
  statPrefix: inner.statPrefix ?? root.statPrefix,
});

const conflicts = (root: HttpMatch, inner: HttpMatch): boolean =>
  stringConflicts(root.uri, inner.uri) ||
  stringConflicts(root.scheme, inner.scheme) ||
  stringConflicts(root.method, inner.method) ||
  stringConflicts(root.authority, inner.authority) ||
  mapConflicts(root.headers, inner.headers) ||
  mapConflicts(root.withoutHeaders, inner.withoutHeaders) ||
  mapConflicts(root.queryParams, inner.queryParams) ||
  (root.port ?? inner.port) !== (inner.port ?? root.port) ||
  (root.sourceNamespace ?? inner.sourceNamespace) !==
    (inner.sourceNamespace ?? root.sourceNamespace) ||
  [...root.sourceLabels].some(([key, value]) => (inner.sourceLabels.get(key) ?? value) !== value);

const mapConflicts = (
  root: ReadonlyMap<string, StringMatch>,
  inner: ReadonlyMap<string, StringMatch>,
): boolean => [...root].some(([key, match]) => stringConflicts(match, inner.get(key)));

/** The delegate's condition must be within the root's; what regular expressions accept is not compared. */
const stringConflicts = (
  root: StringMatch | undefined,
  inner: StringMatch | undefined,
): boolean => {
  if (root === undefined || inner === undefined) return false;
  if (root.regex !== undefined || inner.regex !== undefined) return true;
  if (root.exact !== undefined) return inner.exact !== root.exact;
  const value = inner.exact ?? inner.prefix ?? '';
  return root.prefix !== undefined && !value.startsWith(root.prefix);
};
