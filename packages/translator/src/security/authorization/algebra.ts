import { create } from '@bufbuild/protobuf';
import {
  type Permission,
  PermissionSchema,
  type Principal,
  PrincipalSchema,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';

/** How tests of one kind, on requests or on their senders, are put together. */
export interface Algebra<Test> {
  readonly any: () => Test;
  readonly and: (tests: readonly Test[]) => Test;
  readonly or: (tests: readonly Test[]) => Test;
  readonly not: (test: Test) => Test;
}

/** A test on what is done. */
export const permission = (rule: Permission['rule']): Permission =>
  create(PermissionSchema, { rule });

/** A test on who does it. */
export const principal = (identifier: Principal['identifier']): Principal =>
  create(PrincipalSchema, { identifier });

/** Envoy's `Permission`. */
export const permissions: Algebra<Permission> = {
  any: () => permission({ case: 'any', value: true }),
  and: (rules) =>
    create(PermissionSchema, { rule: { case: 'andRules', value: { rules: [...rules] } } }),
  or: (rules) =>
    create(PermissionSchema, { rule: { case: 'orRules', value: { rules: [...rules] } } }),
  not: (rule) => permission({ case: 'notRule', value: rule }),
};

/** Envoy's `Principal`. */
export const principals: Algebra<Principal> = {
  any: () => principal({ case: 'any', value: true }),
  and: (ids) =>
    create(PrincipalSchema, { identifier: { case: 'andIds', value: { ids: [...ids] } } }),
  or: (ids) => create(PrincipalSchema, { identifier: { case: 'orIds', value: { ids: [...ids] } } }),
  not: (id) => principal({ case: 'notId', value: id }),
};
