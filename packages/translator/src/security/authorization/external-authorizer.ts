import { create } from '@bufbuild/protobuf';
import { ApiVersion } from '@lateen/xds/gen/envoy/config/core/v3/config_source_pb.js';
import {
  type GrpcService,
  GrpcServiceSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/grpc_service_pb.js';
import {
  type ExtAuthz,
  ExtAuthzSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
import {
  type ExtAuthz as NetworkExtAuthz,
  ExtAuthzSchema as NetworkExtAuthzSchema,
} from '@lateen/xds/gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
import {
  type ListStringMatcher,
  ListStringMatcherSchema,
} from '@lateen/xds/gen/envoy/type/matcher/v3/string_pb.js';
import { StatusCode } from '@lateen/xds/gen/envoy/type/v3/http_status_pb.js';
import { duration } from '../../envoy/duration.ts';
import type { MessageFields } from '../../envoy/message-init.ts';
import type {
  BodyInCheck,
  ExtensionProvider,
  GrpcAuthorizer,
  HttpAuthorizer,
} from '../../input/extension-provider.ts';
import {
  findProviderTarget,
  type ProviderTarget,
} from '../../push-context/extension-provider-lookup.ts';
import type { PushContext } from '../../push-context/push-context.ts';
import { metadataMatch, textValue } from './claim-test.ts';
import { valueMatch } from './value-match.ts';

type HttpFields = MessageFields<typeof ExtAuthzSchema>;

/** Filters that ask an authorizer; the network one only where it speaks gRPC. */
export interface AuthorizerFilters {
  readonly http: ExtAuthz;
  readonly network: NetworkExtAuthz | undefined;
}

/** In front of the names of CUSTOM policies: by it the filter knows that one has matched. */
export const customPolicyPrefix = 'istio-ext-authz';
/** Statistics and metadata of rules that only find out whether to ask. */
export const customShadowPrefix = 'istio_ext_authz_';

/** Asked in vain this long, Istio's stand-in for no limit. */
const defaultTimeoutMs = 600_000;

/** Ask only where a CUSTOM policy matched, as the RBAC filter before found out. */
const whereMatched = (rbacFilter: string) =>
  metadataMatch(
    rbacFilter,
    [`${customShadowPrefix}shadow_effective_policy_id`],
    textValue(valueMatch(`${customPolicyPrefix}*`)),
  );

const statusFields = (status: string | number | undefined): HttpFields => {
  const code = Number(status ?? 0);
  return Object.hasOwn(StatusCode, code) && code > 0 ? { statusOnError: { code } } : {};
};

const bodyFields = (body: BodyInCheck | undefined): HttpFields =>
  body === undefined
    ? {}
    : {
        withRequestBody: {
          maxRequestBytes: body.maxRequestBytes ?? 0,
          allowPartialMessage: body.allowPartialMessage ?? false,
          packAsBytes: body.packAsBytes ?? false,
        },
      };

/** Names of headers: exact, `prefix*` or `*suffix`; undefined for none. */
const headerNames = (names: readonly string[]): ListStringMatcher | undefined =>
  names.length === 0
    ? undefined
    : create(ListStringMatcherSchema, {
        patterns: names.map((name) => valueMatch(name, { ignoreCase: true })),
      });

const responseFields = (provider: HttpAuthorizer) => {
  const upstream = headerNames(provider.headersToUpstreamOnAllow);
  const denied = headerNames(provider.headersToDownstreamOnDeny);
  const allowed = headerNames(provider.headersToDownstreamOnAllow);
  if (!upstream && !denied && !allowed) return {};
  return {
    authorizationResponse: {
      ...(upstream && { allowedUpstreamHeaders: upstream }),
      ...(denied && { allowedClientHeaders: denied }),
      ...(allowed && { allowedClientHeadersOnSuccess: allowed }),
    },
  };
};

const httpService = (provider: HttpAuthorizer, { hostname, cluster }: ProviderTarget) => ({
  pathPrefix: provider.pathPrefix ?? '',
  serverUri: {
    uri: `http://${hostname}`,
    httpUpstreamType: { case: 'cluster' as const, value: cluster },
    timeout: duration(provider.timeout ?? defaultTimeoutMs),
  },
  ...(provider.includeAdditionalHeadersInCheck.size > 0 && {
    authorizationRequest: {
      headersToAdd: [...provider.includeAdditionalHeadersInCheck].map(([key, value]) => ({
        key,
        value,
      })),
    },
  }),
  ...responseFields(provider),
});

const httpAuthorizer = (
  push: PushContext,
  provider: HttpAuthorizer,
): AuthorizerFilters | undefined => {
  const target = findProviderTarget(push, provider);
  if (target === undefined) return undefined;
  const { includeRequestHeadersInCheck: headers, includeHeadersInCheck: deprecated } = provider;
  const allowedHeaders = headerNames(headers.length > 0 ? headers : deprecated);
  const http = create(ExtAuthzSchema, {
    ...sharedFields(provider),
    ...(allowedHeaders && { allowedHeaders }),
    services: { case: 'httpService', value: httpService(provider, target) },
  });
  return { http, network: undefined };
};

const sharedFields = (provider: GrpcAuthorizer): HttpFields => ({
  transportApiVersion: ApiVersion.V3,
  failureModeAllow: provider.failOpen ?? false,
  clearRouteCache: provider.clearRouteCache ?? false,
  ...statusFields(provider.statusOnError),
  ...bodyFields(provider.includeRequestBodyInCheck),
  filterEnabledMetadata: whereMatched('envoy.filters.http.rbac'),
});

const grpcService = ({ cluster }: ProviderTarget, timeoutMs: number): GrpcService =>
  create(GrpcServiceSchema, {
    // gRPC servers refuse the bars of a cluster's name in the authority.
    targetSpecifier: {
      case: 'envoyGrpc',
      value: { clusterName: cluster, authority: cluster.replaceAll('|', '_.') },
    },
    timeout: duration(timeoutMs),
  });

const grpcAuthorizer = (
  push: PushContext,
  provider: GrpcAuthorizer,
): AuthorizerFilters | undefined => {
  const target = findProviderTarget(push, provider);
  if (target === undefined) return undefined;
  const service = grpcService(target, provider.timeout ?? defaultTimeoutMs);
  return {
    http: create(ExtAuthzSchema, {
      ...sharedFields(provider),
      services: { case: 'grpcService', value: service },
    }),
    network: create(NetworkExtAuthzSchema, {
      statPrefix: 'tcp.',
      transportApiVersion: ApiVersion.V3,
      failureModeAllow: provider.failOpen ?? false,
      grpcService: service,
      filterEnabledMetadata: whereMatched('envoy.filters.network.rbac'),
    }),
  };
};

const kindOf = (
  push: PushContext,
  { envoyExtAuthzHttp, envoyExtAuthzGrpc }: ExtensionProvider,
): AuthorizerFilters | undefined => {
  if (envoyExtAuthzHttp !== undefined) return httpAuthorizer(push, envoyExtAuthzHttp);
  return envoyExtAuthzGrpc && grpcAuthorizer(push, envoyExtAuthzGrpc);
};

/** The filters of a provider of MeshConfig; undefined: there is none of the name, or nobody to ask. */
export const externalAuthorizer = (
  push: PushContext,
  name: string | undefined,
): AuthorizerFilters | undefined => {
  const provider = push.meshConfig.extensionProviders.find((one) => one.name === name);
  return provider && kindOf(push, provider);
};
