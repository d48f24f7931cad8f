import type { ProviderTarget } from '../push-context/extension-provider-lookup.ts';

/** Field `target_specifier` of a `GrpcService` that reaches a provider, by the name of its host. */
export const grpcTarget = ({
  cluster,
  hostname,
}: ProviderTarget): {
  readonly case: 'envoyGrpc';
  readonly value: { readonly clusterName: string; readonly authority: string };
} => ({ case: 'envoyGrpc', value: { clusterName: cluster, authority: hostname } });
