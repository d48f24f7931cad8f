import type { Tracer } from './tracer.ts';

const nothing = (): void => undefined;

/**
 * The same tracer for a listener that hands no contexts on (`no_context_propagation`): spans belong to the trace that
 * came, and what came goes on as it is.
 */
export const withoutPropagation = (tracer: Tracer): Tracer => ({
  ...tracer,
  propagation: {
    extract: (head) => tracer.propagation.extract(head),
    inject: nothing,
    injectFirst: nothing,
  },
});
