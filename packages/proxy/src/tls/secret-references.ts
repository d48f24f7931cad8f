import type {
  ClusterTable,
  ListenerTable,
  SecretReference,
  TlsSettings,
  UpstreamTransport,
} from '@lateen/routing';

/** The secrets a TLS context names. */
export const secretsOfSettings = (settings: TlsSettings): readonly SecretReference[] => {
  const certificates = settings.certificates.flatMap((source) =>
    source.kind === 'sds' ? [source] : [],
  );
  const ca = settings.validation?.trustedCa;
  return typeof ca === 'object' && ca.kind === 'sds' ? [...certificates, ca] : certificates;
};

const secretsOfTransport = (transport: UpstreamTransport): readonly SecretReference[] => {
  if (transport.kind === 'tls') return secretsOfSettings(transport.tls);
  return transport.kind === 'proxy-protocol' ? secretsOfTransport(transport.inner) : [];
};

/** The secrets the connections of a cluster may need. */
export const secretsOfCluster = ({
  transport,
  transportMatches,
}: ClusterTable): readonly SecretReference[] => [
  ...secretsOfTransport(transport),
  ...transportMatches.flatMap((match) => secretsOfTransport(match.transport)),
];

/** The secrets the filter chains of a listener need. */
export const secretsOfListener = (table: ListenerTable): readonly SecretReference[] => {
  const { filterChains, defaultFilterChain } = table;
  const chains =
    defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
  return chains.flatMap(({ transport }) =>
    transport.kind === 'tls' ? secretsOfSettings(transport.tls) : [],
  );
};
