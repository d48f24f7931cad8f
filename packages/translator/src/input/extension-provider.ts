import {
  boolean,
  durationMs,
  list,
  mapOf,
  message,
  number,
  port,
  type Reader,
  text,
  uint32,
} from './reader.ts';
import {
  logService,
  type TelemetryProviders,
  telemetryProviderFields,
} from './telemetry-provider.ts';

/** `includeRequestBodyInCheck` of an external authorizer. */
export interface BodyInCheck {
  readonly maxRequestBytes: number | undefined;
  readonly allowPartialMessage: boolean | undefined;
  readonly packAsBytes: boolean | undefined;
}

interface ExternalAuthorizer {
  /** `[namespace/]hostname`. */
  readonly service: string | undefined;
  readonly port: number | undefined;
  /** Wait for its answer, in milliseconds. */
  readonly timeout: number | undefined;
  readonly failOpen: boolean | undefined;
  readonly clearRouteCache: boolean | undefined;
  /** HTTP status code when it cannot be asked. */
  readonly statusOnError: string | number | undefined;
  readonly includeRequestBodyInCheck: BodyInCheck | undefined;
}

/** MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationHttpProvider. */
export interface HttpAuthorizer extends ExternalAuthorizer {
  readonly pathPrefix: string | undefined;
  readonly includeRequestHeadersInCheck: readonly string[];
  /** Deprecated form of the above. */
  readonly includeHeadersInCheck: readonly string[];
  readonly includeAdditionalHeadersInCheck: ReadonlyMap<string, string>;
  readonly headersToUpstreamOnAllow: readonly string[];
  readonly headersToDownstreamOnDeny: readonly string[];
  readonly headersToDownstreamOnAllow: readonly string[];
}

/** MeshConfig.ExtensionProvider.EnvoyExternalAuthorizationGrpcProvider. */
export type GrpcAuthorizer = ExternalAuthorizer;

/** MeshConfig.ExtensionProvider; kinds that are not here have only their name. */
export interface ExtensionProvider extends TelemetryProviders {
  readonly name: string | undefined;
  readonly envoyExtAuthzHttp: HttpAuthorizer | undefined;
  readonly envoyExtAuthzGrpc: GrpcAuthorizer | undefined;
}

const codeOrText: Reader<string | number | undefined> = (value, path, report) =>
  typeof value === 'string' ? value : number(value, path, report);

const authorizer: { readonly [Key in keyof ExternalAuthorizer]: Reader<ExternalAuthorizer[Key]> } =
  {
    service: text,
    port,
    timeout: durationMs,
    failOpen: boolean,
    clearRouteCache: boolean,
    statusOnError: codeOrText,
    includeRequestBodyInCheck: message<BodyInCheck>({
      maxRequestBytes: uint32,
      allowPartialMessage: boolean,
      packAsBytes: boolean,
    }),
  };

const extensionProviders = list(
  message<ExtensionProvider>({
    ...telemetryProviderFields,
    name: text,
    envoyExtAuthzHttp: message<HttpAuthorizer>({
      ...authorizer,
      pathPrefix: text,
      includeRequestHeadersInCheck: list(text),
      includeHeadersInCheck: list(text),
      includeAdditionalHeadersInCheck: mapOf(text),
      headersToUpstreamOnAllow: list(text),
      headersToDownstreamOnDeny: list(text),
      headersToDownstreamOnAllow: list(text),
    }),
    envoyExtAuthzGrpc: message<GrpcAuthorizer>(authorizer),
  }),
);

/** Hosts that providers are at: proxies that ask or tell them need their clusters. */
export const providerHosts = (providers: readonly ExtensionProvider[]): readonly string[] =>
  providers
    .flatMap((provider) => [
      provider.envoyExtAuthzHttp ?? provider.envoyExtAuthzGrpc,
      provider.opentelemetry ?? provider.zipkin,
      logService(provider),
    ])
    .flatMap((provider) => provider?.service ?? [])
    .map((service) => service.slice(service.indexOf('/') + 1));

/** Reads `extensionProviders` of MeshConfig; undefined when some field has the wrong type. */
export const readExtensionProviders = (
  value: unknown,
): readonly ExtensionProvider[] | undefined => {
  let isWrong = false;
  const providers = extensionProviders(value, 'extensionProviders', () => {
    isWrong = true;
  });
  return isWrong ? undefined : providers;
};
