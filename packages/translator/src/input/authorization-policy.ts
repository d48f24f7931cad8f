import { type PolicyTarget, policyTargetFields } from './policy-target.ts';
import { list, message, type Reader, text, word } from './reader.ts';

/** security.istio.io Source: fields are ANDed, values of one field ORed. Empty lists ask for nothing. */
export interface Source {
  readonly principals: readonly string[];
  readonly notPrincipals: readonly string[];
  readonly requestPrincipals: readonly string[];
  readonly notRequestPrincipals: readonly string[];
  readonly namespaces: readonly string[];
  readonly notNamespaces: readonly string[];
  readonly serviceAccounts: readonly string[];
  readonly notServiceAccounts: readonly string[];
  readonly trustDomains: readonly string[];
  readonly notTrustDomains: readonly string[];
  readonly ipBlocks: readonly string[];
  readonly notIpBlocks: readonly string[];
  readonly remoteIpBlocks: readonly string[];
  readonly notRemoteIpBlocks: readonly string[];
}

/** security.istio.io Operation. */
export interface Operation {
  readonly hosts: readonly string[];
  readonly notHosts: readonly string[];
  readonly ports: readonly string[];
  readonly notPorts: readonly string[];
  readonly methods: readonly string[];
  readonly notMethods: readonly string[];
  readonly paths: readonly string[];
  readonly notPaths: readonly string[];
}

/** security.istio.io Condition. */
export interface Condition {
  readonly key: string | undefined;
  readonly values: readonly string[];
  readonly notValues: readonly string[];
}

/** security.istio.io Rule; an empty rule matches everything. */
export interface Rule {
  readonly from: readonly { readonly source: Source | undefined }[];
  readonly to: readonly { readonly operation: Operation | undefined }[];
  readonly when: readonly Condition[];
}

const actions = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const;

/** What a policy does with requests that match; ALLOW is the default. */
export type AuthorizationAction = (typeof actions)[number];

/** security.istio.io AuthorizationPolicy.spec. */
export interface AuthorizationPolicy extends PolicyTarget {
  readonly action: AuthorizationAction | undefined;
  readonly rules: readonly Rule[];
  readonly provider: { readonly name: string | undefined } | undefined;
}

const source = message<Source>({
  principals: list(text),
  notPrincipals: list(text),
  requestPrincipals: list(text),
  notRequestPrincipals: list(text),
  namespaces: list(text),
  notNamespaces: list(text),
  serviceAccounts: list(text),
  notServiceAccounts: list(text),
  trustDomains: list(text),
  notTrustDomains: list(text),
  ipBlocks: list(text),
  notIpBlocks: list(text),
  remoteIpBlocks: list(text),
  notRemoteIpBlocks: list(text),
});

const operation = message<Operation>({
  hosts: list(text),
  notHosts: list(text),
  ports: list(text),
  notPorts: list(text),
  methods: list(text),
  notMethods: list(text),
  paths: list(text),
  notPaths: list(text),
});

const rule = message<Rule>({
  from: list(message<Rule['from'][number]>({ source })),
  to: list(message<Rule['to'][number]>({ operation })),
  when: list(message<Condition>({ key: text, values: list(text), notValues: list(text) })),
});

/** Reads `spec` of an AuthorizationPolicy of any version. */
export const authorizationPolicy: Reader<AuthorizationPolicy | undefined> =
  message<AuthorizationPolicy>({
    ...policyTargetFields,
    action: word(actions),
    rules: list(rule),
    provider: message<NonNullable<AuthorizationPolicy['provider']>>({ name: text }),
  });
