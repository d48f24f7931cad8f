import type { HeaderBlock } from '../http1/header-block.ts';
import {
  type DecidedContext,
  type FoundContext,
  invalidContext,
  noContext,
  type Propagation,
  type TraceContext,
} from './trace-context.ts';
import { w3cPropagation } from './w3c-context.ts';

const traceForm = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/;
const spanForm = /^[0-9a-f]{16}$/;
const noId = /^0+$/;

/** `traceid-spanid[-sampled[-parentid]]`. */
const singleForm = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-([0-9a-f]{16}))?)?$/;

const found = (context: TraceContext): FoundContext =>
  noId.test(context.traceId) || noId.test(context.spanId)
    ? invalidContext
    : { kind: 'context', context };

const extractSingle = (value: string): FoundContext => {
  if (value === '0') return { kind: 'none', sampled: false };
  if (value === '1' || value === 'd') return { kind: 'none', sampled: true };
  const [, traceId, spanId, flag, parentId = ''] = singleForm.exec(value.toLowerCase()) ?? [];
  if (traceId === undefined || spanId === undefined) return invalidContext;
  return found({
    traceId,
    spanId,
    parentId,
    sampled: flag === undefined ? undefined : flag !== '0',
  });
};

const sampledOf = (head: HeaderBlock): boolean | undefined => {
  if (head.get('x-b3-flags') === '1') return true;
  const value = head.get('x-b3-sampled');
  if (value === undefined || value === '') return undefined;
  // Old clients write words.
  return value === '1' || value.toLowerCase() === 'true';
};

const extractLines = (head: HeaderBlock): FoundContext => {
  const sampled = sampledOf(head);
  const traceId = head.get('x-b3-traceid')?.toLowerCase();
  const spanId = head.get('x-b3-spanid')?.toLowerCase();
  if (traceId === undefined || spanId === undefined) {
    return sampled === undefined ? noContext : { kind: 'none', sampled };
  }
  const parentId = head.get('x-b3-parentspanid')?.toLowerCase() ?? '';
  const isValid = traceForm.test(traceId) && spanForm.test(spanId);
  if (!isValid || (parentId !== '' && !spanForm.test(parentId))) return invalidContext;
  return found({ traceId, spanId, parentId: noId.test(parentId) ? '' : parentId, sampled });
};

const injectLines = (
  head: HeaderBlock,
  { traceId, spanId, parentId, sampled }: DecidedContext,
): void => {
  const flag = sampled ? '1' : '0';
  head.set('x-b3-traceid', traceId);
  head.set('x-b3-spanid', spanId);
  if (parentId === '') head.remove('x-b3-parentspanid');
  else head.set('x-b3-parentspanid', parentId);
  head.set('x-b3-sampled', flag);
  if (!head.has('b3')) return;
  const parent = parentId === '' ? '' : `-${parentId}`;
  head.set('b3', `${traceId}-${spanId}-${flag}${parent}`);
};

/**
 * B3 as Envoy's Zipkin tracer reads and writes it: the single header before the lines, lines out. A single
 * header that came is written anew, because whoever reads it next would prefer it to the lines.
 */
export const b3Propagation: Propagation = {
  extract: (head) => {
    const single = head.get('b3');
    return single === undefined ? extractLines(head) : extractSingle(single);
  },
  inject: injectLines,
  // A decision without ids may be there all the same.
  injectFirst: injectLines,
};

/** Digits of a trace id in W3C's form. */
const longIdDigits = 32;

const injectBoth = (head: HeaderBlock, context: DecidedContext): void => {
  injectLines(head, context);
  const traceId = context.traceId.padStart(longIdDigits, '0');
  w3cPropagation.inject(head, { ...context, traceId });
};

/** Both (`USE_B3_WITH_W3C_PROPAGATION`): B3 is read first, both are written. */
export const b3AndW3cPropagation: Propagation = {
  extract: (head) => {
    const found = b3Propagation.extract(head);
    return found.kind === 'none' && found.sampled === undefined
      ? w3cPropagation.extract(head)
      : found;
  },
  inject: injectBoth,
  injectFirst: injectBoth,
};
