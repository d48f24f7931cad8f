import {
  asRecord,
  field,
  has,
  type JsonRecord,
  message,
  messages,
  text,
} from '@lateen/xds/json-record';
import { typedConfig } from '../proxy-config/config-dump.ts';
import { formatTable } from '../proxy-config/text-table.ts';

/** Blanks between columns, as in istioctl. */
const gap = 3;

/** In the order of istioctl's table. */
const actions = ['DENY', 'ALLOW', 'LOG'] as const;

/** How istioctl calls rules that nobody named: a proxy that lets nobody in. */
const anonymous = '_anonymous_match_nothing_';

const rbac = /\.filters\.(?:http|network)\.rbac\.v3\.RBAC$/;

/** Settings of every RBAC filter of a chain, of HTTP and of connections. */
const filtersOf = (chain: JsonRecord): readonly JsonRecord[] =>
  messages(chain, 'filters').flatMap((filter) => {
    const config = typedConfig(filter);
    if (rbac.test(text(config, '@type'))) return [config];
    return messages(config, 'http_filters')
      .map(typedConfig)
      .filter((one) => rbac.test(text(one, '@type')));
  });

const chainsOf = (listener: JsonRecord): readonly JsonRecord[] => [
  ...messages(listener, 'filter_chains'),
  ...(has(listener, 'default_filter_chain') ? [message(listener, 'default_filter_chain')] : []),
];

/** `reviews-viewer.default` and the rule, of `ns[default]-policy[reviews-viewer]-rule[0]`. */
const parseName = (name: string): readonly [policy: string, rule: string] => {
  const match = /ns\[(.+)\]-policy\[(.+)\]-rule\[(.+)\]/.exec(name);
  return match === null ? [name, ''] : [`${match[2]}.${match[1]}`, match[3] ?? ''];
};

/** An action that is the default of its message is not written. */
const actionOf = (rules: JsonRecord): string => text(rules, 'action') || 'ALLOW';

/** Rules of each policy, by action. */
type Found = Map<string, Map<string, Set<string>>>;

const addRules = (found: Found, rules: JsonRecord): void => {
  const policies = found.get(actionOf(rules)) ?? new Map<string, Set<string>>();
  found.set(actionOf(rules), policies);
  const names = Object.keys(asRecord(field(rules, 'policies')));
  for (const name of names.length === 0 ? [anonymous] : names) {
    const [policy, rule] = parseName(name);
    policies.set(policy, (policies.get(policy) ?? new Set()).add(rule));
  }
};

/** The policies that a proxy enforces: istioctl's table of `authz check`. */
export const policySummary = (listeners: readonly JsonRecord[]): string => {
  const found: Found = new Map();
  for (const config of listeners.flatMap(chainsOf).flatMap(filtersOf)) {
    if (has(config, 'rules')) addRules(found, message(config, 'rules'));
  }
  const rows = actions.flatMap((action) =>
    [...(found.get(action) ?? [])]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([policy, rules]) => [action, policy, String(rules.size)]),
  );
  return formatTable([['ACTION', 'AuthorizationPolicy', 'RULES'], ...rows], gap);
};
