import { Metric } from '@lateen/base';
import { createMeshGauges, type MeshGauges } from './mesh-gauges.ts';
import { createPushMetrics, type PushMetrics } from './push-metrics.ts';

/** The control plane's own metrics, under istiod's names. */
export interface PilotMetrics extends PushMetrics {
  readonly services: Metric;
  readonly virtualServices: Metric;
  /** Clusters that are read, by `cluster_type` (local, remote). */
  readonly managedClusters: Metric;
  /** What is odd in the mesh as it is now. */
  readonly mesh: MeshGauges;
  /** When the root that signs ends, in seconds since the epoch. */
  readonly rootExpiry: Metric;
  /** Certificate requests received. */
  readonly csrCount: Metric;
  /** Certificate requests that could not be read. */
  readonly csrParsingErrors: Metric;
  /** Certificate requests whose sender was not known. */
  readonly authenticationFailures: Metric;
  readonly certificatesIssued: Metric;
  /** JSON Web Key Sets fetched, and fetches that failed. */
  readonly keySetFetches: Metric;
  readonly keySetFetchFailures: Metric;
  render(): string;
}

/** Citadel's, the certificate authority's. */
const createAuthorityMetrics = () => ({
  csrCount: new Metric(
    'citadel_server_csr_count',
    'counter',
    'The number of CSRs received by Citadel server.',
  ),
  csrParsingErrors: new Metric(
    'citadel_server_csr_parsing_err_count',
    'counter',
    'The number of errors occurred when parsing the CSR.',
  ),
  authenticationFailures: new Metric(
    'citadel_server_authentication_failure_count',
    'counter',
    'The number of authentication failures.',
  ),
  certificatesIssued: new Metric(
    'citadel_server_success_cert_issuance_count',
    'counter',
    'The number of certificates issuances that have succeeded.',
  ),
  rootExpiry: new Metric(
    'citadel_server_root_cert_expiry_timestamp',
    'gauge',
    'The unix timestamp, in seconds, when the root certificate expires.',
  ),
});

const createKeySetMetrics = () => ({
  keySetFetches: new Metric(
    'pilot_jwks_resolver_network_fetch_success_total',
    'counter',
    'Total number of successfully network fetch by pilot jwks resolver.',
  ),
  keySetFetchFailures: new Metric(
    'pilot_jwks_resolver_network_fetch_fail_total',
    'counter',
    'Total number of failed network fetch by pilot jwks resolver.',
  ),
});

/** This program's version, under both names that dashboards ask for. */
const createBuildMetrics = (version: string): Readonly<Record<string, Metric>> => {
  const info = new Metric('pilot_info', 'gauge', 'Pilot version and build information.');
  info.set(1, { version });
  const build = new Metric('istio_build', 'gauge', 'Istio component build info.');
  build.set(1, { component: 'pilot', tag: version });
  return { info, build };
};

type Group = Metric | Readonly<Record<string, Metric | Readonly<Record<string, Metric>>>>;

const metricsIn = (group: Group): readonly Metric[] =>
  group instanceof Metric ? [group] : Object.values(group).flatMap(metricsIn);

/** All metrics, with those at zero that may never come to more. */
export const createPilotMetrics = (version = ''): PilotMetrics => {
  const mesh = createMeshGauges();
  const push = createPushMetrics();
  const authority = createAuthorityMetrics();
  const keySets = createKeySetMetrics();
  const own = {
    services: new Metric('pilot_services', 'gauge', 'Total services known to pilot.'),
    virtualServices: new Metric(
      'pilot_virt_services',
      'gauge',
      'Total virtual services known to pilot.',
    ),
    managedClusters: new Metric(
      'istiod_managed_clusters',
      'gauge',
      'Number of clusters managed by istiod.',
    ),
  };
  own.services.set(0);
  own.virtualServices.set(0);
  const { rootExpiry: _known, ...counters } = authority;
  for (const counter of [...Object.values(counters), ...Object.values(keySets)]) counter.add(0);
  const all: readonly Group[] = [
    createBuildMetrics(version),
    { ...push },
    own,
    { ...mesh },
    authority,
    keySets,
  ];
  return {
    ...push,
    ...own,
    ...authority,
    ...keySets,
    mesh,
    render: () =>
      all
        .flatMap(metricsIn)
        .map((metric) => metric.render())
        .join(''),
  };
};
