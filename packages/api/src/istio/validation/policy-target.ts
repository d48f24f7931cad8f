import type { PolicyTarget, PolicyTargetReference } from '../policy-target.ts';
import { checkSelectorLabels } from './field.ts';
import { doubtful, type Findings, forEachItem, invalid, missing } from './finding.ts';

/** Kinds a policy may refer to, by the group they are in; '' is the core group. */
const referable: ReadonlyMap<string, readonly string[]> = new Map([
  ['Service', ['', 'core']],
  ['ServiceEntry', ['networking.istio.io']],
  ['Gateway', ['gateway.networking.k8s.io', 'networking.istio.io']],
  ['GatewayClass', ['gateway.networking.k8s.io']],
]);

const checkReference = (reference: PolicyTargetReference, path: string): Findings => {
  const { group = '', kind, name, namespace } = reference;
  const found = [];
  if (!name) found.push(missing(`${path}.name`, 'targetRef must name an object'));
  if (namespace)
    found.push(
      invalid(`${path}.namespace`, 'references across namespaces are not supported: leave it out'),
    );
  if (!referable.get(kind)?.includes(group)) {
    const kinds = [...referable.keys()].join(', ');
    found.push(
      invalid(`${path}.kind`, `"${group}/${kind}" cannot be referred to: use one of ${kinds}`),
    );
  }
  return found;
};

/** A selector that a policy of the security API has; without labels it selects the whole namespace. */
export const checkPolicySelector = (selector: PolicyTarget['selector']): Findings => {
  const labels = selector?.matchLabels;
  if (selector !== undefined && Object.keys(labels ?? {}).length === 0)
    return [doubtful('spec.selector', 'a selector without labels selects every workload')];
  return checkSelectorLabels(labels, 'spec.selector.matchLabels');
};

/** What a policy applies to. That there is only one way of saying so is the schema's. */
export const checkPolicyTarget = ({ selector, targetRefs, targetRef }: PolicyTarget): Findings => [
  ...checkPolicySelector(selector),
  ...forEachItem(targetRefs, 'spec.targetRefs', checkReference),
  ...(targetRef ? checkReference(targetRef, 'spec.targetRef') : []),
];
