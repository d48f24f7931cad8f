import type { EnvoyConfigPatch, EnvoyFilter } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type Finding, finding } from '../finding.ts';
import {
  envoyFilterUsesAddOperationIncorrectly,
  envoyFilterUsesRelativeOperation,
  envoyFilterUsesRelativeOperationWithProxyVersion,
  envoyFilterUsesRemoveOperationIncorrectly,
  envoyFilterUsesReplaceOperationIncorrectly,
  type Message,
} from '../message.ts';

type Operation = NonNullable<NonNullable<EnvoyConfigPatch['patch']>['operation']>;

/** Operations that need something to be there already. */
const relative: ReadonlySet<Operation> = new Set([
  'INSERT_BEFORE',
  'INSERT_AFTER',
  'REPLACE',
  'REMOVE',
]);

const nameOf = ({ patch, match }: EnvoyConfigPatch): string => {
  const value = patch?.value;
  if (typeof value !== 'object' || value === null) return '';
  const own: unknown = Reflect.get(value, 'name');
  return typeof own === 'string' ? own : (match?.listener?.filterChain?.filter?.name ?? '');
};

/** An operation that what it applies to does not have. */
const misuse = ({ applyTo, patch }: EnvoyConfigPatch): Message | undefined => {
  const isRoute = applyTo === 'ROUTE_CONFIGURATION' || applyTo === 'HTTP_ROUTE';
  const isFilter = applyTo === 'NETWORK_FILTER' || applyTo === 'HTTP_FILTER';
  switch (patch?.operation) {
    case 'ADD':
      return isRoute ? envoyFilterUsesAddOperationIncorrectly : undefined;
    case 'REMOVE':
      return isRoute ? envoyFilterUsesRemoveOperationIncorrectly : undefined;
    case 'REPLACE':
      return isFilter ? undefined : envoyFilterUsesReplaceOperationIncorrectly;
    default:
      return undefined;
  }
};

/** A relative operation of a filter without priority; `versioned`: names that other patches touch by version. */
const orderProblem = (
  patch: EnvoyConfigPatch,
  priority: number,
  versioned: ReadonlySet<string>,
): Message | undefined => {
  const operation = patch.patch?.operation;
  if (operation === undefined || !relative.has(operation) || priority !== 0) return undefined;
  return versioned.has(nameOf(patch))
    ? envoyFilterUsesRelativeOperationWithProxyVersion
    : envoyFilterUsesRelativeOperation;
};

/** `versioned` grows with the names that patches for certain proxy versions touch. */
const checkFilter = (filter: EnvoyFilter, versioned: Set<string>): readonly Finding[] => {
  const { configPatches = [], priority = 0 } = filter.spec ?? {};
  const first = configPatches.findIndex(({ patch }) => patch === undefined);
  const patches = first < 0 ? configPatches : configPatches.slice(0, first);
  return patches.flatMap((patch, index) => {
    const message = misuse(patch) ?? orderProblem(patch, priority, versioned);
    if (patch.match?.proxy?.proxyVersion) versioned.add(nameOf(patch));
    return message === undefined ? [] : [finding(filter, message, `spec.configPatches[${index}]`)];
  });
};

/** Patches of an EnvoyFilter that would be ignored, or depend on what comes first. */
export const envoyFilterOperations: Analyzer = {
  name: 'envoyfilter.EnvoyPatchAnalyzer',
  description: 'Checks an envoyFilters ',
  analyze: ({ envoyFilters }) => {
    const versioned = new Set<string>();
    return envoyFilters.flatMap((filter) => checkFilter(filter, versioned));
  },
};
