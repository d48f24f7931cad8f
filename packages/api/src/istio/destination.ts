/** networking.istio.io PortSelector. */
export interface PortSelector {
  readonly number?: number;
}

/** networking.istio.io Destination: `host` is a service of the registry; short names resolve in the rule's own namespace. */
export interface Destination {
  readonly host: string;
  /** A subset of a DestinationRule of that host. */
  readonly subset?: string;
  /** Required when the service has several ports. */
  readonly port?: PortSelector;
}
