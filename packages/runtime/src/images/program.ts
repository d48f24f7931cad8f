import type { Container, Pod } from '@lateen/api';
import type { PodAddresses } from '../kubelet/pod-field.ts';

/** What a built-in program may look at before it starts. */
export interface ProgramRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly addresses: PodAddresses;
  /** The pod's folder, for files the program needs. */
  readonly folder: string;
  /** Where the pod's apps listen: workload port to port of 127.0.0.1. */
  readonly appPorts: ReadonlyMap<number, number>;
}

/** How a program is started this time. */
export interface PreparedProgram {
  /** In the place of the image's and the container's command. Absent: that. */
  readonly command?: readonly string[];
  /** Words behind the command. */
  readonly args: readonly string[];
  /** Variables behind the container's own. */
  readonly env: Readonly<Record<string, string>>;
}

/** A program that listens on the pod's address itself: part of Lateen, or a real one that can be told where. */
export interface Program {
  prepare(request: ProgramRequest): Promise<PreparedProgram>;
  /** Who answers for an image that may be a real program or a part of Lateen, for the pod's annotation. */
  readonly answeredBy?: () => string;
  /** It takes the HTTP proxy on the pod's address, which knows the names of services. Default false. */
  readonly takesProxy?: boolean;
}
