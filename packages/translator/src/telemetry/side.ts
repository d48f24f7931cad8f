import type { WorkloadMode } from '../input/telemetry.ts';

/** Which side of a call a connection manager is. */
export type ListenerClass = 'sidecar-inbound' | 'sidecar-outbound' | 'gateway';

/** Gateways count as clients. */
export type Side = 'CLIENT' | 'SERVER';

/** The side of a call that a listener is on. */
export const sideOf = (listenerClass: ListenerClass): Side =>
  listenerClass === 'sidecar-inbound' ? 'SERVER' : 'CLIENT';

/** Whether a section with this mode is for a side; without a mode it is for both. */
export const isForSide = (mode: WorkloadMode | undefined, side: Side): boolean =>
  mode === undefined || mode === 'CLIENT_AND_SERVER' || mode === side;
