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

/** A program that is part of Lateen: it listens on the pod's address itself. */
export interface Program {
  /** Words behind those of the image, and variables behind the container's own. */
  prepare(request: ProgramRequest): Promise<{
    readonly args: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  }>;
}
