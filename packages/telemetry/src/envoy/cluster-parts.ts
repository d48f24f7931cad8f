/** `outbound|9080|v1|reviews.default.svc.cluster.local` in its parts. */
export interface ClusterParts {
  /** `outbound`, `inbound`; '' for other names. */
  readonly direction: string;
  readonly port: number;
  readonly subset: string;
  /** The whole name where it has no such form. */
  readonly host: string;
}

/** Reads Istio's cluster names. */
export const clusterParts = (name: string): ClusterParts => {
  const [direction = '', port = '', subset = '', ...host] = name.split('|');
  return host.length === 0
    ? { direction: '', port: 0, subset: '', host: name }
    : { direction, port: Number(port), subset, host: host.join('|') };
};
