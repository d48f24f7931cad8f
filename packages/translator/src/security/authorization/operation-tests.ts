import { create } from '@bufbuild/protobuf';
import { pathProblem } from '@lateen/api';
import { packAny } from '@lateen/xds';
import type { Permission } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { PermissionSchema } from '@lateen/xds/gen/envoy/config/rbac/v3/rbac_pb.js';
import { UriTemplateMatchConfigSchema } from '@lateen/xds/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
import { cidrRange } from '../../envoy/cidr-range.ts';
import { permission } from './algebra.ts';
import { listValue, metadataMatch, someValue, textValue } from './claim-test.ts';
import type { TestBuilder } from './requirement.ts';
import { headerMatch, valueMatch } from './value-match.ts';

type Build = TestBuilder<Permission>;

const httpOnly =
  (build: (value: string) => Permission | undefined): Build =>
  (values, { tcp }) =>
    values.map((value) => (tcp ? undefined : build(value)));

/** The authority, without regard to case. */
export const hostTests: Build = httpOnly((value) =>
  permission({ case: 'header', value: headerMatch(':authority', value, { ignoreCase: true }) }),
);

/** The method. */
export const methodTests: Build = httpOnly((value) =>
  permission({ case: 'header', value: headerMatch(':method', value) }),
);

const isTemplate = (path: string): boolean => path.includes('{*}') || path.includes('{**}');

/** Undefined: proxies would refuse the template, and everything else beside it. */
const templateTest = (path: string): Permission | undefined => {
  if (pathProblem(path) !== undefined) return undefined;
  const pathTemplate = path.replaceAll('{*}', '*').replaceAll('{**}', '**');
  const config = create(UriTemplateMatchConfigSchema, { pathTemplate });
  return create(PermissionSchema, {
    rule: {
      case: 'uriTemplate',
      value: {
        name: 'uri-template',
        typedConfig: packAny(UriTemplateMatchConfigSchema, config),
      },
    },
  });
};

/** The path without query, normalised; `{*}` stands for a segment, `{**}` for any number of them. */
export const pathTests: Build = httpOnly((value) =>
  isTemplate(value)
    ? templateTest(value)
    : create(PermissionSchema, {
        rule: {
          case: 'urlPath',
          value: { rule: { case: 'path', value: valueMatch(value) } },
        },
      }),
);

const portOf = (value: string): number | undefined => {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  return port <= 65_535 ? port : undefined;
};

/** The workload's port. */
export const portTests: Build = (values) =>
  values.map((value) => {
    const port = portOf(value);
    return port === undefined ? undefined : permission({ case: 'destinationPort', value: port });
  });

/** The workload's address. */
export const destinationAddressTests: Build = (values) =>
  values.map((value) => {
    const range = cidrRange(value);
    return range && permission({ case: 'destinationIp', value: range });
  });

/** The server name that the client asked for in its TLS. */
export const serverNameTests: Build = (values) =>
  values.map((value) => permission({ case: 'requestedServerName', value: valueMatch(value) }));

/** What a filter left about the request: `[x]` means a list that has `x`. */
export const filterMetadataTests =
  (filter: string, key: string): Build =>
  (values) => {
    const some = values.map((value) =>
      value.startsWith('[') && value.endsWith(']')
        ? listValue(textValue(valueMatch(value.slice(1, -1))))
        : textValue(valueMatch(value)),
    );
    return [permission({ case: 'metadata', value: metadataMatch(filter, [key], someValue(some)) })];
  };
