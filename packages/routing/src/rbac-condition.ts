import type { UnknownField } from '@bufbuild/protobuf';
import type { CidrRange } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type { HeaderMatcher } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import {
  type MetadataMatcher,
  MetadataMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { PathMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/path_pb.js';
import { compileAddressMatch } from './address-match.ts';
import type { Findings } from './findings.ts';
import { compileHeaderCondition, readHeader } from './header-condition.ts';
import { compileMetadataMatch } from './metadata-match.ts';
import { neverCondition, type PolicyCondition, singleCondition } from './policy-condition.ts';
import type { PolicyRequest } from './policy-request.ts';
import { pathOnly } from './request-path.ts';
import { compileStringMatch, type StringMatch } from './string-match.ts';
import { decodeBytes, unknownBytes, wireFields } from './wire-field.ts';

/** The single tests that permissions and principals share. */

const absent = 'absent';

/** Refuses a form nobody knows: the policy set is not taken, and were it taken, nothing would match. */
export const unknownCondition = (
  findings: Findings,
  path: string,
  message: string,
): PolicyCondition => {
  findings.error(path, 'PolicyUnsupported', message);
  return neverCondition;
};

/**
 * A header, pseudo headers included. A bare connection has none, and fails. Of several lines each counts
 * alone, as in Envoy since CVE-2026-26308: joined, a second line would hide the first from a DENY.
 */
export const headerTest = (
  matcher: HeaderMatcher,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const condition = compileHeaderCondition(matcher, findings, path);
  const { name } = condition;
  return singleCondition(
    condition.text,
    (request) => {
      const { head } = request;
      const value = head && readHeader(head, name);
      // Only what is joined has a comma.
      const lines = value?.includes(',') === true ? (request.headerLines?.(name) ?? []) : [];
      return lines.length > 1 ? condition.matchesLines(lines) : condition.matches(value);
    },
    ({ head }) => (head && readHeader(head, name)) ?? absent,
  );
};

/** One request is asked by every rule in turn: its path is cut once. */
let lastPath = '';
let lastBarePath = '';

const barePath = (path: string): string => {
  if (path === lastPath) return lastBarePath;
  lastPath = path;
  lastBarePath = pathOnly(path);
  return lastBarePath;
};

/** The path as it was normalised, without query and fragment. */
export const pathTest = (match: StringMatch): PolicyCondition =>
  singleCondition(
    `path ${match.text}`,
    // CONNECT has no path.
    ({ head }) => head !== undefined && head.path !== '' && match.matches(barePath(head.path)),
    ({ head }) => (head === undefined ? absent : pathOnly(head.path) || absent),
  );

/** `url_path` of either side. */
export const urlPathTest = (
  matcher: PathMatcher,
  findings: Findings,
  path: string,
): PolicyCondition => {
  if (matcher.rule.case !== 'path') {
    return unknownCondition(findings, path, 'a path matcher needs a path');
  }
  return pathTest(compileStringMatch(matcher.rule.value, findings, `${path}.path`));
};

/** An address in a range. */
export const addressTest = (
  what: string,
  range: CidrRange,
  read: (request: PolicyRequest) => string,
  where: { readonly findings: Findings; readonly path: string },
): PolicyCondition => {
  const match = compileAddressMatch(range, where.findings, where.path);
  return singleCondition(`${what} ${match.text}`, (r) => match.matches(read(r)), read);
};

const metadataText = (value: unknown): string => JSON.stringify(value) ?? absent;

/** Dynamic metadata, or the route's. */
export const metadataTest = (
  matcher: MetadataMatcher,
  source: 'dynamic' | 'route',
  findings: Findings,
  path: string,
): PolicyCondition => {
  const { filter, path: keys, matches, text } = compileMetadataMatch(matcher, findings, path);
  const read =
    source === 'dynamic'
      ? (request: PolicyRequest) => request.dynamicMetadata(filter, keys)
      : (request: PolicyRequest) => request.routeMetadata(filter, keys);
  return singleCondition(
    source === 'dynamic' ? text : `route ${text}`,
    (request) => matches(read(request)),
    (request) => metadataText(read(request)),
  );
};

/** `SourcedMetadata`: newer than the generated messages. */
const matcherField = 1;
const sourceField = 2;
const routeSource = 1;

/** `sourced_metadata` of a message that knows no such field; undefined when it has none. */
export const sourcedMetadataTest = (
  unknown: readonly UnknownField[] | undefined,
  field: number,
  findings: Findings,
  path: string,
): PolicyCondition | undefined => {
  const bytes = unknownBytes(unknown, field);
  if (bytes === undefined) return undefined;
  const fields = wireFields(bytes);
  const matcher = decodeBytes(MetadataMatcherSchema, fields?.message.get(matcherField));
  const at = `${path}.sourced_metadata`;
  if (fields === undefined || matcher === undefined) {
    return unknownCondition(findings, at, 'a metadata matcher is required');
  }
  const source = fields.number.get(sourceField) === routeSource ? 'route' : 'dynamic';
  return metadataTest(matcher, source, findings, `${at}.metadata_matcher`);
};
