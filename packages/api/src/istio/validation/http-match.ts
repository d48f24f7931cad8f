import { fieldPath } from '../../schema/field-path.ts';
import type { HttpMatch } from '../http-route.ts';
import type { StringMatch } from '../string-match.ts';
import { checkGatewayNames } from './destination.ts';
import { checkHeaderName, checkLabels, checkPort } from './field.ts';
import { type Findings, invalid, missing, type ValidationContext } from './finding.ts';
import { checkPresenceMatch, checkStringMatch } from './regex.ts';

/** Prefix of the header names that stand for claims of a validated JWT. */
const claimPrefix = '@request.auth.claims';

const checkNamedMatches = (
  matches: Readonly<Record<string, StringMatch>> | undefined,
  path: string,
  checkName: (name: string, path: string) => Findings,
  context: ValidationContext,
): Findings =>
  Object.entries(matches ?? {}).flatMap(([name, match]) => {
    const at = fieldPath(path, name);
    return [...checkName(name, at), ...checkPresenceMatch(match, at, context)];
  });

const checkMatchedHeader = (name: string, path: string): Findings =>
  name.startsWith('@')
    ? name.startsWith(claimPrefix)
      ? []
      : [invalid(path, `"${name}" is not a header name; claims start with ${claimPrefix}`)]
    : checkHeaderName(name, path);

const checkParameter = (name: string, path: string): Findings =>
  name === '' ? [missing(path, 'a query parameter must have a name')] : [];

/** One entry of a rule's `match`. */
export const checkHttpMatch = (
  match: HttpMatch,
  path: string,
  context: ValidationContext,
): Findings => [
  ...(['uri', 'scheme', 'method', 'authority'] as const).flatMap((field) =>
    checkStringMatch(match[field], `${path}.${field}`, context),
  ),
  ...checkNamedMatches(match.headers, `${path}.headers`, checkMatchedHeader, context),
  ...checkNamedMatches(match.withoutHeaders, `${path}.withoutHeaders`, checkMatchedHeader, context),
  ...checkNamedMatches(match.queryParams, `${path}.queryParams`, checkParameter, context),
  ...checkPort(match.port, `${path}.port`),
  ...checkLabels(match.sourceLabels, `${path}.sourceLabels`),
  ...checkGatewayNames(match.gateways, `${path}.gateways`),
];
