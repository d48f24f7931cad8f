import { create } from '@bufbuild/protobuf';
import { type Principal, PrincipalSchema } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { StringMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import { cidrRange } from '../../envoy/cidr-range.ts';
import { expandPrincipals, expandTrustDomains } from '../trust-domains.ts';
import { principal } from './algebra.ts';
import { claimTest, requestPrincipalTest } from './claim-test.ts';
import type { RuleContext, TestBuilder } from './requirement.ts';
import { headerMatch, quoteRegex, regexMatch, valueMatch } from './value-match.ts';

type Build = TestBuilder<Principal>;

const scheme = 'spiffe://';

/** The client's certificate carries the name. */
const authenticated = (principalName: StringMatcher): Principal =>
  create(PrincipalSchema, { identifier: { case: 'authenticated', value: { principalName } } });

/** Identities, in all trust domains that count as the mesh's. */
export const principalTests: Build = (values, { trustDomains }) =>
  expandPrincipals(values, trustDomains).map((value) =>
    authenticated(valueMatch(value, { scheme })),
  );

/** `*` stands for any part of a name. */
export const namespaceTests: Build = (values) =>
  values.map((value) => {
    const namespace = value.split('*').map(quoteRegex).join('.*');
    return authenticated(regexMatch(`.*/ns/${namespace}/.*`));
  });

/** `account` of the policy's namespace, or `namespace/account`. */
export const serviceAccountTests: Build = (values, { policyNamespace }) =>
  values.map((value) => {
    const [left = '', right] = value.split('/', 2);
    const [namespace, account] = right === undefined ? [policyNamespace, left] : [left, right];
    return authenticated(
      regexMatch(`${scheme}.+/ns/${quoteRegex(namespace)}/(.+/|)sa/${quoteRegex(account)}(/.+)?`),
    );
  });

/** Trust domains with their aliases; the forms with a star as everywhere. */
export const trustDomainTests: Build = (values, { trustDomains }) =>
  expandTrustDomains(values, trustDomains).map((value) => {
    const domain = value === '*' ? '[^/]+' : value.split('*').map(quoteRegex).join('[^/]*');
    return authenticated(regexMatch(`${scheme}${domain}/.*`));
  });

const addressTests =
  (kind: 'directRemoteIp' | 'remoteIp'): Build =>
  (values) =>
    values.map((value) => {
      const range = cidrRange(value);
      return range && principal({ case: kind, value: range });
    });

/** The peer of the connection. */
export const sourceAddressTests: Build = addressTests('directRemoteIp');
/** The client as x-forwarded-for or PROXY protocol tell it. */
export const remoteAddressTests: Build = addressTests('remoteIp');

/** For tests on what only HTTP has. */
const httpOnly =
  (
    build: (values: readonly string[], context: RuleContext) => readonly (Principal | undefined)[],
  ): Build =>
  (values, context) =>
    context.tcp ? values.map(() => undefined) : build(values, context);

/** `issuer/subject` of a good token. */
export const requestPrincipalTests: Build = httpOnly((values) => values.map(requestPrincipalTest));

/** A claim by its path; several values in one test. */
export const claimTests = (path: readonly string[]): Build =>
  httpOnly((values) => [claimTest(path, values)]);

/** A header of the request. */
export const requestHeaderTests = (name: string): Build =>
  httpOnly((values) =>
    values.map((value) => principal({ case: 'header', value: headerMatch(name, value) })),
  );
