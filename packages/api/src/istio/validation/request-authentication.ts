import { isRecord } from '../../schema/json-value.ts';
import type { JwtRule, RequestAuthenticationSpec } from '../request-authentication.ts';
import { checkDuration, checkHeaderName } from './field.ts';
import { type Findings, forEachItem, invalid, missing } from './finding.ts';
import { checkPolicyTarget } from './policy-target.ts';

/** A set of keys, or one key alone (RFC 7517). */
const isKeySet = (text: string): boolean => {
  try {
    const parsed: unknown = JSON.parse(text);
    return isRecord(parsed) && (Array.isArray(parsed['keys']) || 'kty' in parsed);
  } catch {
    return false;
  }
};

const checkKeySet = ({ jwksUri, jwks_uri, jwks }: JwtRule, path: string): Findings => {
  const uri = jwksUri ?? jwks_uri;
  const field = jwksUri === undefined ? 'jwks_uri' : 'jwksUri';
  if (uri !== undefined && !/^https?:\/\/[^\s/]+/i.test(uri))
    return [invalid(`${path}.${field}`, `"${uri}" must be an http:// or https:// URL`)];
  if (!jwks) return [];
  return isKeySet(jwks) ? [] : [invalid(`${path}.jwks`, 'must be a JSON Web Key Set in JSON')];
};

const notEmpty =
  (what: string) =>
  (value: string, path: string): Findings =>
    value === '' ? [missing(path, `${what} must not be empty`)] : [];

/** Without an issuer tokens of anybody are taken, so that the keys must be named. */
const checkIssuer = ({ issuer, jwksUri, jwks_uri }: JwtRule, path: string): Findings =>
  issuer || jwksUri || jwks_uri
    ? []
    : [missing(`${path}.issuer`, 'a rule needs an issuer or a jwksUri')];

const checkJwtRule = (rule: JwtRule, path: string): Findings => [
  ...checkIssuer(rule, path),
  ...forEachItem(rule.audiences, `${path}.audiences`, notEmpty('audience')),
  ...checkKeySet(rule, path),
  ...forEachItem(rule.fromHeaders, `${path}.fromHeaders`, ({ name }, at) =>
    checkHeaderName(name, `${at}.name`),
  ),
  ...forEachItem(rule.fromParams, `${path}.fromParams`, notEmpty('parameter name')),
  ...forEachItem(rule.fromCookies, `${path}.fromCookies`, notEmpty('cookie name')),
  ...forEachItem(rule.outputClaimToHeaders, `${path}.outputClaimToHeaders`, (one, at) => [
    ...checkHeaderName(one.header, `${at}.header`),
    ...notEmpty('claim')(one.claim, `${at}.claim`),
  ]),
  ...(rule.outputPayloadToHeader
    ? checkHeaderName(rule.outputPayloadToHeader, `${path}.outputPayloadToHeader`)
    : []),
  ...checkDuration(rule.timeout, `${path}.timeout`),
];

/** A RequestAuthentication: issuers, key sets, names of headers, parameters and cookies. */
export const checkRequestAuthentication = (spec: RequestAuthenticationSpec): Findings => [
  ...checkPolicyTarget(spec),
  ...forEachItem(spec.jwtRules, 'spec.jwtRules', checkJwtRule),
];
