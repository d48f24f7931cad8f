import type { Health } from '@lateen/telemetry/contract';

const order = { failing: 0, degraded: 1, unknown: 2, healthy: 3, idle: 4 } as const;

/** Orders by what needs attention: failing first. */
export const healthOrder = ({ state }: Health): number => order[state];
