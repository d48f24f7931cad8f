import type { MeshInputs } from '@lateen/translator';
import { textOf } from './field-access.ts';
import type { Locate } from './rule-origin.ts';
import type { PolicyOrigin } from './simulation.ts';

const policyName = /^(?:istio-ext-authz-)?ns\[(.*?)\]-policy\[(.*)\]-rule\[(\d+)\]$/;

/** The AuthorizationPolicy and rule behind the name of a policy in Envoy's configuration; null: made by the mesh. */
export const policyOrigin = (name: string, locate: Locate): PolicyOrigin | null => {
  const match = policyName.exec(name);
  if (match === null) return null;
  const rule = Number(match[3]);
  const object = { kind: 'AuthorizationPolicy', namespace: match[1] ?? '', name: match[2] ?? '' };
  const path = `spec.rules[${rule}]`;
  const position = locate(object, path);
  return { ...object, path, rule, ...(position && { position }) };
};

/** The provider that a CUSTOM policy asks; null: not known. */
export const providerOf = (
  origin: PolicyOrigin | null,
  { authorizationPolicies }: Pick<MeshInputs, 'authorizationPolicies'>,
): string | null => {
  const policy = authorizationPolicies.find(
    ({ metadata }) =>
      metadata.name === origin?.name && (metadata.namespace ?? 'default') === origin.namespace,
  );
  return textOf(policy, 'spec', 'provider', 'name') ?? null;
};
