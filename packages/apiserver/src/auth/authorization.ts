import type { UserInfo } from './authentication.ts';

/** What a caller wants to do (authorization.k8s.io ResourceAttributes). */
export interface AccessAttributes {
  readonly user: UserInfo;
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verb: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** NonResourceAttributes: a path such as `/metrics` is meant, and no resource. */
  readonly path?: string;
}

/** Attributes of a request for a path that is no resource. `verb`: `get`, `post` and others, the method in small letters. */
export const pathAttributes = (user: UserInfo, verb: string, path: string): AccessAttributes => ({
  ...{ user, verb, path, group: '', plural: '' },
  ...{ subresource: undefined, namespace: undefined, name: undefined },
});

/** A verdict on one request. */
export interface AccessDecision {
  readonly allowed: boolean;
  /** Why not, for the 403 message. */
  readonly reason?: string;
}

/** Judges requests of callers that are known. */
export type Authorizer = (attributes: AccessAttributes) => AccessDecision;

/** What members of a group, or one user, may do; `*` stands for anything. */
export interface AccessRule {
  /** User name or group. */
  readonly subject: string;
  readonly verbs: readonly string[];
  /** `group/plural` or `group/plural/subresource`; `*` for all. */
  readonly resources: readonly string[];
  /** Absent: every namespace. */
  readonly namespaces?: readonly string[];
}

const covers = (list: readonly string[], value: string): boolean =>
  list.includes('*') || list.includes(value);

/** Allows what a rule allows, and everything to `system:masters`. */
export const ruleAuthorizer = (rules: readonly AccessRule[]): Authorizer => {
  return ({ user, verb, group, plural, subresource, namespace, path }) => {
    if (user.groups.includes('system:masters')) return { allowed: true };
    if (path !== undefined) return { allowed: false };
    const resource = [group, plural, ...(subresource === undefined ? [] : [subresource])].join('/');
    const allowed = rules.some(
      (rule) =>
        (rule.subject === user.username || user.groups.includes(rule.subject)) &&
        covers(rule.verbs, verb) &&
        covers(rule.resources, resource) &&
        (rule.namespaces === undefined || covers(rule.namespaces, namespace ?? '')),
    );
    return { allowed };
  };
};
