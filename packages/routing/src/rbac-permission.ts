import type { Permission } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { UriTemplateMatchConfigSchema } from '@lateen/xds/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
import { holds, unpack } from './any-message.ts';
import type { Findings } from './findings.ts';
import {
  allConditions,
  anyCondition,
  notCondition,
  type PolicyCondition,
  singleCondition,
  someCondition,
} from './policy-condition.ts';
import {
  addressTest,
  headerTest,
  metadataTest,
  pathTest,
  sourcedMetadataTest,
  unknownCondition,
  urlPathTest,
} from './rbac-condition.ts';
import { compileStringMatch } from './string-match.ts';
import { compileUriTemplate } from './uri-template.ts';

/** `Permission.sourced_metadata`. */
const sourcedMetadataField = 14;

type Rule = Permission['rule'];
type RuleOf<Case extends Rule['case']> = Extract<Rule, { case: Case }>['value'];

const compileTemplate = (
  config: RuleOf<'uriTemplate'>,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const any = config?.typedConfig;
  if (any === undefined || !holds(any, UriTemplateMatchConfigSchema)) {
    return unknownCondition(findings, path, `path matcher '${config?.name}' is not known`);
  }
  const message = unpack(any, UriTemplateMatchConfigSchema, findings, path);
  const template = message?.pathTemplate ?? '';
  return pathTest(compileUriTemplate(template, findings, `${path}.path_template`));
};

const portTest = (text: string, start: number, end: number): PolicyCondition =>
  singleCondition(
    `port ${text}`,
    ({ connection: { destinationPort: port } }) => port >= start && port < end,
    ({ connection }) => String(connection.destinationPort),
  );

const compileSet = (
  rules: readonly Permission[],
  findings: Findings,
  path: string,
): readonly PolicyCondition[] => {
  if (rules.length === 0) findings.error(path, 'FieldRequired', 'at least one rule is required');
  return rules.map((rule, index) => compilePermission(rule, findings, `${path}.rules[${index}]`));
};

const compileServerName = (
  matcher: NonNullable<RuleOf<'requestedServerName'>>,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const match = compileStringMatch(matcher, findings, path);
  return singleCondition(
    `sni ${match.text}`,
    ({ connection }) => match.matches(connection.serverName),
    ({ connection }) => connection.serverName || 'absent',
  );
};

const destination = ({ connection }: { connection: { destinationAddress: string } }): string =>
  connection.destinationAddress;

const compileRange = (
  { start, end }: NonNullable<RuleOf<'destinationPortRange'>>,
  findings: Findings,
  path: string,
): PolicyCondition => {
  if (start < 0 || end > 65_536 || start >= end) {
    findings.error(path, 'FieldInvalid', `[${start}, ${end}) is no range of ports`);
  }
  return portTest(`[${start}, ${end})`, start, end);
};

const compileUnknown = (
  permission: Permission,
  findings: Findings,
  path: string,
): PolicyCondition => {
  const unknown = permission.$unknown;
  const sourced = sourcedMetadataTest(unknown, sourcedMetadataField, findings, path);
  if (sourced !== undefined) return sourced;
  const what = permission.rule.case ?? unknown?.map(({ no }) => `field ${no}`).join(', ');
  return unknownCondition(findings, path, `permission '${what || 'empty'}' is not known`);
};

/** Compiles what a policy lets do. A form that is not known is an error and matches nothing. */
export function compilePermission(
  permission: Permission,
  findings: Findings,
  path: string,
): PolicyCondition {
  const { rule } = permission;
  switch (rule.case) {
    case 'andRules':
      return allConditions(compileSet(rule.value.rules, findings, `${path}.and_rules`));
    case 'orRules':
      return someCondition(compileSet(rule.value.rules, findings, `${path}.or_rules`));
    case 'notRule':
      return notCondition(compilePermission(rule.value, findings, `${path}.not_rule`));
    case 'any':
      return rule.value ? anyCondition : unknownCondition(findings, `${path}.any`, 'must be true');
    case 'header':
      return headerTest(rule.value, findings, `${path}.header`);
    case 'urlPath':
      return urlPathTest(rule.value, findings, `${path}.url_path`);
    case 'destinationIp':
      return addressTest('destination', rule.value, destination, {
        findings,
        path: `${path}.destination_ip`,
      });
    case 'destinationPort':
      return portTest(String(rule.value), rule.value, rule.value + 1);
    case 'destinationPortRange':
      return compileRange(rule.value, findings, `${path}.destination_port_range`);
    case 'metadata':
      return metadataTest(rule.value, 'dynamic', findings, `${path}.metadata`);
    case 'requestedServerName':
      return compileServerName(rule.value, findings, `${path}.requested_server_name`);
    case 'uriTemplate':
      return compileTemplate(rule.value, findings, `${path}.uri_template`);
    default:
      return compileUnknown(permission, findings, path);
  }
}
