/** The parts of `outbound|9080|v1|reviews.default.svc.cluster.local`. */
export interface ClusterName {
  readonly direction: 'outbound' | 'inbound';
  readonly port: number;
  /** '' for the whole service. */
  readonly subset: string;
  /** '' for inbound clusters. */
  readonly host: string;
}

/** Where calls go that nobody takes. */
export const blackHoleCluster = 'BlackHoleCluster';
/** Where calls go that leave the mesh as they came. */
export const passthroughCluster = 'PassthroughCluster';
/** Calls to ports of the workload that no Service names. */
export const inboundPassthroughCluster = 'InboundPassthroughCluster';

/** Istio's `BuildSubsetKey`. */
export const formatClusterName = ({ direction, port, subset, host }: ClusterName): string =>
  `${direction}|${port}|${subset}|${host}`;

/** `outbound|PORT|SUBSET|HOST`. */
export const outboundCluster = (port: number, subset: string, host: string): string =>
  formatClusterName({ direction: 'outbound', port, subset, host });

/** `inbound|PORT||`. */
export const inboundCluster = (port: number): string =>
  formatClusterName({ direction: 'inbound', port, subset: '', host: '' });

/** SNI of mTLS connections and name of SNI-DNAT clusters (`BuildDNSSrvSubsetKey`). */
export const sniOf = (port: number, subset: string, host: string): string =>
  `outbound_.${port}_.${subset}_.${host}`;

/** What an SNI of the mesh asks for; undefined for any other. */
const parseSni = (name: string): ClusterName | undefined => {
  const [, port, subset, host] = /^outbound_\.(\d{1,5})_\.([^_]*)_\.(.+)$/.exec(name) ?? [];
  if (port === undefined || subset === undefined || host === undefined) return undefined;
  return { direction: 'outbound', port: Number(port), subset, host };
};

/** Whether a cluster is one that passes the mesh's TLS on. */
export const isSniCluster = (name: string): boolean => name.startsWith('outbound_.');

/** Undefined for names that are not of this form, such as PassthroughCluster. */
export const parseClusterName = (name: string): ClusterName | undefined => {
  if (isSniCluster(name)) return parseSni(name);
  const [direction, port, subset, host, ...rest] = name.split('|');
  if (direction !== 'outbound' && direction !== 'inbound') return undefined;
  if (subset === undefined || host === undefined || rest.length > 0) return undefined;
  if (port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  return { direction, port: Number(port), subset, host };
};
