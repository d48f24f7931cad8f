import type { SourcePosition } from '@lateen/base';
import type { RouteEntry, VirtualHostTable } from '@lateen/routing';
import type { PushContext } from '@lateen/translator';
import { fieldOf } from './field-access.ts';
import type { ObjectOrigin, RuleOrigin, UnusedRule } from './simulation.ts';

/** Finds where a field of an object was written; undefined: not known. */
export type Locate = (
  object: { readonly kind: string; readonly namespace: string; readonly name: string },
  path: string,
) => SourcePosition | undefined;

const pascal = (kebab: string): string =>
  kebab.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** An object, and where a field of it was written. */
export const objectPlace = (
  object: { readonly kind: string; readonly namespace: string; readonly name: string },
  path: string,
  locate: Locate,
): ObjectOrigin => {
  const position = locate(object, path);
  return { ...object, path, ...(position && { position }) };
};

/** Reads `/apis/networking.istio.io/v1/namespaces/default/virtual-service/reviews`. */
export const objectOrigin = (
  config: unknown,
  path: string,
  locate: Locate,
): ObjectOrigin | null => {
  const match = /\/namespaces\/([^/]*)\/([^/]+)\/([^/]+)$/.exec(
    typeof config === 'string' ? config : '',
  );
  if (match === null) return null;
  const [, namespace = '', kind = '', name = ''] = match;
  return objectPlace({ kind: pascal(kind), namespace, name }, path, locate);
};

const indexOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

const rulePath = (rule: number, match: number | undefined): string =>
  match === undefined ? `spec.http[${rule}]` : `spec.http[${rule}].match[${match}]`;

/** Which rule of which VirtualService made a route; null for routes that the mesh makes itself. */
export const ruleOrigin = (route: RouteEntry, locate: Locate): RuleOrigin | null => {
  const lateen = route.metadata['lateen'];
  const rule = indexOf(fieldOf(lateen, 'rule'));
  if (rule === undefined) return null;
  const delegated = indexOf(fieldOf(lateen, 'delegateRule'));
  const match = delegated === undefined ? indexOf(fieldOf(lateen, 'match')) : undefined;
  const config = fieldOf(route.metadata['istio'], 'config');
  const origin = objectOrigin(config, rulePath(rule, match), locate);
  if (origin === null) return null;
  const delegate =
    delegated === undefined
      ? null
      : objectOrigin(fieldOf(lateen, 'delegate'), rulePath(delegated, undefined), locate);
  return {
    ...origin,
    rule,
    ...(match !== undefined && { match }),
    ...(delegate && delegated !== undefined && { delegate: { ...delegate, rule: delegated } }),
  };
};

/** A route that leaves nothing to those after it. */
const takesEverything = ({ matchText }: RouteEntry): boolean =>
  matchText === '' || matchText === 'path prefix /';

/**
 * Rules of the VirtualService behind a route that made no route of the virtual host: behind one
 * that takes everything, or for other proxies.
 */
export const unusedRules = (
  push: PushContext,
  host: VirtualHostTable,
  route: RouteEntry,
  locate: Locate,
): readonly UnusedRule[] => {
  const config = fieldOf(route.metadata['istio'], 'config');
  const service = push.virtualServices.find((one) => one.config === config);
  if (service === undefined) return [];
  const own = host.routes.filter(({ metadata }) => fieldOf(metadata['istio'], 'config') === config);
  const used = new Set(own.map(({ metadata }) => fieldOf(metadata['lateen'], 'rule')));
  const lastRule = own.find(takesEverything)?.metadata['lateen'];
  const end = indexOf(fieldOf(lastRule, 'rule')) ?? Number.POSITIVE_INFINITY;
  const indexes = [...new Set(service.http.map(({ rule }) => rule))];
  return indexes.flatMap((rule) => {
    if (used.has(rule)) return [];
    const origin = objectOrigin(config, rulePath(rule, undefined), locate);
    if (origin === null) return [];
    const reason = rule > end ? 'unreachable' : 'not-for-this-proxy';
    return [{ origin: { ...origin, rule }, reason }];
  });
};
