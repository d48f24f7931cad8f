import {
  type DecidedContext,
  invalidContext,
  noContext,
  type Propagation,
} from './trace-context.ts';

/**
 * `version-traceid-spanid-flags` (W3C Trace Context section 3.2). As Envoy: lines of later versions count if
 * they have this form, and nothing behind it.
 */
const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const noTrace = '0'.repeat(32);
const noSpan = '0'.repeat(16);

const line = ({ traceId, spanId, sampled }: DecidedContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;

/** W3C Trace Context: `traceparent`. `tracestate` and `baggage` pass through untouched. */
export const w3cPropagation: Propagation = {
  extract: (head) => {
    const value = head.get('traceparent');
    if (value === undefined) return noContext;
    const [, version, traceId, spanId, flags] = form.exec(value) ?? [];
    if (traceId === undefined || spanId === undefined || flags === undefined) return invalidContext;
    if (version === 'ff' || traceId === noTrace || spanId === noSpan) return invalidContext;
    const sampled = (Number.parseInt(flags, 16) & 1) === 1;
    return { kind: 'context', context: { traceId, spanId, parentId: '', sampled } };
  },
  inject: (head, context) => head.set('traceparent', line(context)),
  injectFirst: (head, context) => head.append('traceparent', line(context)),
};
