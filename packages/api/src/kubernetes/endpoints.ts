import type { KubeObject } from '../object.ts';
import type { ObjectReference } from './object-reference.ts';

/** core/v1 EndpointAddress. */
export interface EndpointAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ObjectReference;
}

/** core/v1 EndpointPort. */
export interface EndpointsPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
}

/** core/v1 EndpointSubset: every address serves every port. */
export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[];
  readonly notReadyAddresses?: readonly EndpointAddress[];
  readonly ports?: readonly EndpointsPort[];
}

/** core/v1 Endpoints. */
export interface Endpoints extends KubeObject<never, never> {
  readonly subsets?: readonly EndpointSubset[];
}
