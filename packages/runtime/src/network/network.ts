/** First and last address, both included. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
}

/**
 * Where pods and services of one cluster live. `loopback` is the network that needs no privileges;
 * the interface leaves room for one with a namespace for each pod.
 */
export interface Network {
  readonly kind: 'loopback';
  /** IPv4 address of the one node; node ports are on it. */
  readonly nodeAddress: string;
  readonly podAddresses: AddressRange;
  /** ClusterIPs the API server may give out; the first is the `kubernetes` service. */
  readonly serviceAddresses: AddressRange;
  /** External addresses of services of type LoadBalancer. */
  readonly loadBalancerAddresses: AddressRange;
  /** Names the network to the user: `127.7.0.0/16`. */
  readonly cidr: string;
  /** A port of 127.0.0.1 that nobody listens on and nobody else is given, for an app to take until it is released. */
  claimAppPort(): Promise<number>;
  releaseAppPort(port: number): void;
  /** Gives the addresses back to other clusters. */
  close(): Promise<void>;
}
