import type { Manifest } from '../manifest.ts';

/** The service a wizard is about, with the objects that are there already. */
export interface WizardTarget {
  readonly namespace: string;
  /** Short host name, as rules in the same namespace write it. */
  readonly host: string;
  readonly port: number;
  readonly versions: readonly string[];
  readonly virtualService: Manifest | undefined;
  readonly destinationRule: Manifest | undefined;
}

/** A rule of `spec.http`; only what wizards touch is typed. */
export interface HttpRule {
  readonly name?: string;
  readonly match?: readonly Readonly<Record<string, unknown>>[];
  readonly route?: readonly RouteDestination[];
  readonly [field: string]: unknown;
}

/** An entry of a rule's `route`. */
export interface RouteDestination {
  readonly destination: {
    readonly host: string;
    readonly subset?: string;
    readonly port?: { readonly number: number };
  };
  readonly weight?: number;
}

const networking = 'networking.istio.io/v1';

const subsetNames = (rule: Manifest): readonly string[] => {
  const subsets = rule.spec['subsets'];
  if (!Array.isArray(subsets)) return [];
  return subsets.map((subset: { readonly name?: string }) => subset.name ?? '');
};

/** The VirtualService for mesh traffic to the target: the one there is, or a new one that changes nothing. */
export const virtualServiceOf = (target: WizardTarget): Manifest =>
  target.virtualService ?? {
    apiVersion: networking,
    kind: 'VirtualService',
    metadata: { name: target.host, namespace: target.namespace },
    spec: {
      hosts: [target.host],
      http: [{ route: [{ destination: { host: target.host } }] }],
    },
  };

/** The DestinationRule of the target, there or new, with a subset for each version that is asked for. */
export const destinationRuleOf = (
  target: WizardTarget,
  versions: readonly string[] = [],
): Manifest => {
  const rule = target.destinationRule ?? {
    apiVersion: networking,
    kind: 'DestinationRule',
    metadata: { name: target.host, namespace: target.namespace },
    spec: { host: target.host },
  };
  const known = subsetNames(rule);
  const missing = versions
    .filter((version) => !known.includes(version))
    .map((version) => ({ name: version, labels: { version } }));
  if (missing.length === 0) return rule;
  const subsets = Array.isArray(rule.spec['subsets']) ? rule.spec['subsets'] : [];
  return { ...rule, spec: { ...rule.spec, subsets: [...subsets, ...missing] } };
};

/** Rules of a VirtualService in their order. */
export const httpRules = (manifest: Manifest): readonly HttpRule[] =>
  Array.isArray(manifest.spec['http']) ? (manifest.spec['http'] as HttpRule[]) : [];

/** The same VirtualService with other rules. */
export const withHttpRules = (manifest: Manifest, http: readonly HttpRule[]): Manifest => ({
  ...manifest,
  spec: { ...manifest.spec, http },
});

/** A rule without conditions takes everything that is left. */
export const isDefaultRule = ({ match }: HttpRule): boolean =>
  match === undefined || match.length === 0;

/**
 * Changes the rule without conditions, the last of them all; where there is none yet it is added, so that the change
 * reaches every request that no other rule takes.
 */
export const changeDefaultRule = (
  target: WizardTarget,
  change: (rule: HttpRule) => HttpRule,
): Manifest => {
  const manifest = virtualServiceOf(target);
  const rules = httpRules(manifest);
  const fresh: HttpRule = { route: [{ destination: { host: target.host } }] };
  if (!rules.some(isDefaultRule)) return withHttpRules(manifest, [...rules, change(fresh)]);
  const at = rules.findIndex(isDefaultRule);
  return withHttpRules(
    manifest,
    rules.map((rule, index) => (index === at ? change(rule) : rule)),
  );
};
