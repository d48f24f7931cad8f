import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  create,
  type DescField,
  type DescMessage,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf';
import { AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { ClusterSchema } from '@lateen/xds/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '@lateen/xds/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '@lateen/xds/gen/envoy/config/listener/v3/listener_pb.js';
import { FilterConfigSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '@lateen/xds/gen/envoy/config/route/v3/route_pb.js';
import { FileAccessLogSchema } from '@lateen/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import { CorsPolicySchema } from '@lateen/xds/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import {
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import { HTTPFaultSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { JwtAuthenticationSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.js';
import { RBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
import { ExtAuthzSchema as NetworkExtAuthzSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import { HttpConnectionManagerSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';
import { RBACSchema as NetworkRBACSchema } from '@lateen/xds/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
import { TcpProxySchema } from '@lateen/xds/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import fc from 'fast-check';
import { compileCluster } from './cluster-compilation.ts';
import type { RequestHead } from './decision.ts';
import { compileEndpoints } from './endpoint-compilation.ts';
import { compileExtAuthz } from './ext-authz-compilation.ts';
import { Findings } from './findings.ts';
import { compileJwtAuthn } from './jwt-compilation.ts';
import { verifyJwts } from './jwt-verification.ts';
import { compileListener } from './listener-compilation.ts';
import { compileRbac } from './rbac-compilation.ts';
import { compileRouteConfiguration } from './route-table.ts';
import { policyRequest } from './testing/policy-request.ts';

fc.configureGlobal({ seed: 20_261_121 });

/** What an Any may hold, so that the inside of filters and sockets is generated too. */
const packed: readonly DescMessage[] = [
  HttpConnectionManagerSchema,
  TcpProxySchema,
  HTTPFaultSchema,
  CorsPolicySchema,
  FilterConfigSchema,
  FileAccessLogSchema,
  RBACSchema,
  NetworkRBACSchema,
  JwtAuthenticationSchema,
  ExtAuthzSchema,
  ExtAuthzPerRouteSchema,
  NetworkExtAuthzSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
];

const strings = [
  '',
  '/',
  '/a',
  'a',
  '*',
  '*.a.com',
  'a.com',
  '(',
  '.*',
  '%REQ(A)%',
  '%',
  '\\1',
  '\0',
];
const numbers = [0, 1, 2, 80, 200, 503, 65_536, 4_294_967_295];

/** A source of choices, drawn from one list of numbers that fast-check shrinks. */
class Choices {
  readonly #numbers: readonly number[];
  #at = 0;
  /** Messages left to make: the bound of the generated size. */
  budget = 400;

  constructor(choices: readonly number[]) {
    this.#numbers = choices;
  }
  below(limit: number): number {
    const number = this.#numbers[this.#at++ % Math.max(1, this.#numbers.length)] ?? 0;
    return (number + this.#at) % limit;
  }
  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const scalar = (type: ScalarType, choices: Choices): unknown => {
  const number = choices.of(numbers);
  switch (type) {
    case ScalarType.STRING:
      return choices.of(strings);
    case ScalarType.BOOL:
      return choices.below(2) === 1;
    case ScalarType.BYTES:
      return new Uint8Array([number & 255]);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return BigInt(number);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return number | 0;
    default:
      return number;
  }
};

const anything = (choices: Choices, depth: number): MessageShape<typeof AnySchema> => {
  const schema = choices.of(packed);
  if (choices.below(5) === 0) {
    const typeUrl = `type.googleapis.com/${schema.typeName}`;
    return create(AnySchema, { typeUrl, value: new Uint8Array([8, choices.below(256)]) });
  }
  return anyPack(schema, message(schema, choices, depth + 1) as MessageShape<DescMessage>);
};

const isWrapper = (schema: DescMessage): boolean =>
  /^google\.protobuf\.\w+Value$/.test(schema.typeName) && schema.fields.length === 1;

/** Wrapper messages are plain values, except inside of a oneof. */
const unwrapped = (field: DescField): DescField | undefined => {
  const { message: inner, oneof } = field;
  const plain = inner !== undefined && oneof === undefined && isWrapper(inner);
  return plain && field.fieldKind === 'message' ? inner.fields[0] : undefined;
};

const single = (field: DescField, choices: Choices, depth: number): unknown => {
  const inner = field.fieldKind === 'list' ? field.listKind : field.fieldKind;
  if (field.enum !== undefined && inner === 'enum') return choices.of(field.enum.values).number;
  const wrapped = unwrapped(field);
  if (wrapped !== undefined) return scalar(wrapped.scalar ?? ScalarType.STRING, choices);
  if (field.message !== undefined) return message(field.message, choices, depth + 1);
  return scalar(field.scalar ?? ScalarType.STRING, choices);
};

const fieldValue = (field: DescField, choices: Choices, depth: number): unknown => {
  if (field.fieldKind === 'list') {
    return Array.from({ length: 1 + choices.below(2) }, () => single(field, choices, depth));
  }
  if (field.fieldKind !== 'map') return single(field, choices, depth);
  if (field.mapKey !== ScalarType.STRING) return {};
  if (field.mapKind === 'message') {
    return { [choices.of(['k', 'envoy.lb'])]: message(field.message, choices, depth + 1) };
  }
  return {};
};

const fields = (schema: DescMessage, choices: Choices, depth: number): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  for (const member of schema.members) {
    if (choices.below(3) === 0) continue;
    if (member.kind === 'oneof') {
      const field = choices.of(member.fields);
      const value = fieldValue(field, choices, depth);
      result[member.localName] = { case: field.localName, value };
    } else {
      result[member.localName] = fieldValue(member, choices, depth);
    }
  }
  return result;
};

/** An arbitrary message of any type, made from its descriptor. */
function message(schema: DescMessage, choices: Choices, depth = 0): unknown {
  if (schema.typeName === 'google.protobuf.Any') return anything(choices, depth);
  if (schema.typeName === 'google.protobuf.Struct') return { a: choices.of(strings), b: [1, null] };
  if (depth > 12 || choices.budget-- <= 0) return create(schema);
  return create(schema, fields(schema, choices, depth));
}

const head: RequestHead = {
  method: 'GET',
  scheme: 'http',
  authority: 'a.com',
  path: '/a?b=1',
  header: (name) => (name === 'a' ? '1' : undefined),
};

const choices = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 60 });

test('properties: no listener makes the compiler or its table throw', () => {
  let chains = 0;
  const property = fc.property(choices, (list) => {
    const listener = message(ListenerSchema, new Choices(list));
    const { value, diagnostics } = compileListener(listener as MessageShape<typeof ListenerSchema>);
    assert.ok(value !== undefined || diagnostics.length > 0);
    const view = {
      destinationAddress: '::1',
      destinationPort: 80,
      sourceAddress: 'nonsense',
      sourcePort: 1,
      serverName: 'a.com',
      transportProtocol: 'tls',
      applicationProtocols: ['h2'],
    };
    value?.explainFilterChain(view);
    chains += diagnostics.length;
  });
  fc.assert(property, { numRuns: 500 });
  assert.ok(chains > 0);
});

test('properties: no route configuration makes the compiler or its table throw', () => {
  const property = fc.property(choices, (list) => {
    const made = message(RouteConfigurationSchema, new Choices(list));
    const routes = made as MessageShape<typeof RouteConfigurationSchema>;
    const { value } = compileRouteConfiguration(routes);
    for (const host of value?.virtualHosts ?? []) {
      const { action } = host.selectRoute(head, (limit) => limit - 1) ?? {};
      if (action?.kind === 'redirect') action.location(head);
      if (action?.kind === 'forward') action.pathRewrite?.apply(head.path);
      host.explainRoute(head, () => 0);
    }
  });
  fc.assert(property, { numRuns: 500 });
});

test('properties: no policies and no token rules make their compilers or verdicts throw', () => {
  const request = policyRequest({ path: '/a', principal: 'spiffe://a', serverName: 'a' });
  const world = { nowSeconds: 0, keys: () => ({ keys: [] }), verify: () => true };
  const property = fc.property(choices, (list) => {
    const findings = new Findings();
    const rbac = message(RBACSchema, new Choices(list)) as MessageShape<typeof RBACSchema>;
    const { rules, shadowRules } = compileRbac(rbac, findings, '');
    for (const one of [rules, shadowRules]) {
      one?.judge(request);
      one?.explain(request);
    }
    const jwt = message(JwtAuthenticationSchema, new Choices(list));
    const settings = compileJwtAuthn(
      jwt as MessageShape<typeof JwtAuthenticationSchema>,
      findings,
      '',
    );
    const requirement = settings.select(head);
    if (requirement !== undefined) verifyJwts(settings, requirement, head, world);
    const authz = message(ExtAuthzSchema, new Choices(list));
    compileExtAuthz(authz as MessageShape<typeof ExtAuthzSchema>, findings, '');
  });
  fc.assert(property, { numRuns: 500 });
});

test('properties: no cluster and no endpoints make the compiler throw', () => {
  const property = fc.property(choices, (list) => {
    const cluster = message(ClusterSchema, new Choices(list));
    compileCluster(cluster as MessageShape<typeof ClusterSchema>);
    const endpoints = message(ClusterLoadAssignmentSchema, new Choices(list));
    compileEndpoints(endpoints as MessageShape<typeof ClusterLoadAssignmentSchema>);
  });
  fc.assert(property, { numRuns: 500 });
});
