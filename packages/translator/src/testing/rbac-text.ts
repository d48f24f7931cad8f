import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import type { CidrRange } from '@lateen/xds/gen/envoy/config/core/v3/address_pb.js';
import type {
  Permission,
  Policy,
  Principal,
  RBAC,
} from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import type { HeaderMatcher } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { UriTemplateMatchConfigSchema } from '@lateen/xds/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
import type { MetadataMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/metadata_pb.js';
import type { StringMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import type { ValueMatcher } from '@lateen/xds/gen/envoy/type/matcher/v3/value_pb.js';

const text = (matcher: StringMatcher | undefined): string => {
  const pattern = matcher?.matchPattern;
  const nocase = matcher?.ignoreCase === true ? ' nocase' : '';
  if (pattern?.case === 'safeRegex') return `~${pattern.value.regex}${nocase}`;
  return `${pattern?.case} ${String(pattern?.value)}${nocase}`;
};

const value = (matcher: ValueMatcher | undefined): string => {
  const pattern = matcher?.matchPattern;
  switch (pattern?.case) {
    case 'stringMatch':
      return text(pattern.value);
    case 'listMatch':
      return pattern.value.matchPattern.case === 'oneOf'
        ? `has ${value(pattern.value.matchPattern.value)}`
        : '?';
    case 'orMatch':
      return `(${pattern.value.valueMatchers.map(value).join(' | ')})`;
    default:
      return '?';
  }
};

const metadata = ({ filter, path, value: matcher }: MetadataMatcher): string =>
  `${filter}[${path.map(({ segment }) => segment.value).join('.')}] ${value(matcher)}`;

const header = ({ name, headerMatchSpecifier }: HeaderMatcher): string =>
  `${name} ${
    headerMatchSpecifier.case === 'stringMatch' ? text(headerMatchSpecifier.value) : 'present'
  }`;

const range = ({ addressPrefix, prefixLen }: CidrRange): string => `${addressPrefix}/${prefixLen}`;

const template = (config: Any | undefined): string =>
  fromBinary(UriTemplateMatchConfigSchema, config?.value ?? new Uint8Array()).pathTemplate;

const set = (sign: string, parts: readonly string[]): string =>
  parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(` ${sign} `)})`;

/** A permission as an expression: `:method exact GET & path prefix /a`. */
export const permissionText = ({ rule }: Permission): string => {
  switch (rule.case) {
    case 'andRules':
      return set('&', rule.value.rules.map(permissionText));
    case 'orRules':
      return set('|', rule.value.rules.map(permissionText));
    case 'notRule':
      return `!${permissionText(rule.value)}`;
    case 'header':
      return header(rule.value);
    case 'urlPath':
      return `path ${rule.value.rule.case === 'path' ? text(rule.value.rule.value) : '?'}`;
    case 'destinationIp':
      return `to ${range(rule.value)}`;
    case 'destinationPort':
      return `port ${rule.value}`;
    case 'metadata':
      return metadata(rule.value);
    case 'requestedServerName':
      return `sni ${text(rule.value)}`;
    case 'uriTemplate':
      return `template ${template(rule.value.typedConfig)}`;
    default:
      return rule.case ?? '?';
  }
};

/** A principal as an expression. */
export const principalText = ({ identifier }: Principal): string => {
  switch (identifier.case) {
    case 'andIds':
      return set('&', identifier.value.ids.map(principalText));
    case 'orIds':
      return set('|', identifier.value.ids.map(principalText));
    case 'notId':
      return `!${principalText(identifier.value)}`;
    case 'authenticated':
      return `peer ${text(identifier.value.principalName)}`;
    case 'directRemoteIp':
      return `from ${range(identifier.value)}`;
    case 'remoteIp':
      return `client ${range(identifier.value)}`;
    case 'header':
      return header(identifier.value);
    case 'metadata':
      return metadata(identifier.value);
    default:
      return identifier.case ?? '?';
  }
};

/** `WHO may WHAT`. */
export const policyText = ({ principals, permissions }: Policy): string =>
  `${principals.map(principalText).join(', ')} may ${permissions.map(permissionText).join(', ')}`;

/** By policy name. */
export const rulesText = (rules: RBAC | undefined): Readonly<Record<string, string>> | undefined =>
  rules &&
  Object.fromEntries(
    Object.entries(rules.policies).map(([name, policy]) => [name, policyText(policy)]),
  );
