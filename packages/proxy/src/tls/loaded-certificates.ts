import type { UpstreamTlsSettings, UpstreamTransport } from '@lateen/routing';
import type { Configuration } from '../config/configuration.ts';
import type { ListenerSet } from '../listener/listener-set.ts';
import type { CertificatePem, SecureContexts } from './secure-context.ts';

const settingsOf = (transport: UpstreamTransport): readonly UpstreamTlsSettings[] => {
  if (transport.kind === 'tls') return [transport.tls];
  return transport.kind === 'proxy-protocol' ? settingsOf(transport.inner) : [];
};

/** What listeners and clusters would use for a handshake now, each combination once. No keys. */
export const loadedCertificates = (
  configuration: Configuration,
  listeners: ListenerSet,
  contexts: SecureContexts,
): readonly CertificatePem[] => {
  const downstream = listeners.tables
    .flatMap(({ filterChains, defaultFilterChain }) => [...filterChains, defaultFilterChain])
    .flatMap((chain) => (chain?.transport.kind === 'tls' ? [chain.transport.tls] : []));
  const upstream = configuration.clusters.all.flatMap(({ table }) => [
    ...settingsOf(table.transport),
    ...table.transportMatches.flatMap(({ transport }) => settingsOf(transport)),
  ]);
  const found = new Map<string, CertificatePem>();
  for (const settings of [...downstream, ...upstream]) {
    const pem = contexts.peek(settings)?.pem;
    if (pem !== undefined) found.set(`${pem.chain ?? ''} ${pem.authority ?? ''}`, pem);
  }
  return [...found.values()];
};
