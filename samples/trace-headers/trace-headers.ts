import type { IncomingHttpHeaders } from 'node:http';

/**
 * Headers an app hands on so that a mesh can join its calls into one trace. The proxy beside the app cannot know
 * which request made the app call others, so every Istio app has to copy them.
 */
const TRACE_HEADERS: readonly string[] = [
  'x-request-id',
  'x-ot-span-context',
  // B3, multiple headers and single header
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-parentspanid',
  'x-b3-sampled',
  'x-b3-flags',
  'b3',
  // W3C Trace Context and Baggage
  'traceparent',
  'tracestate',
  'baggage',
  // Datadog, Google Cloud, SkyWalking, OpenCensus over gRPC
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-datadog-sampling-priority',
  'x-cloud-trace-context',
  'grpc-trace-bin',
  'sw8',
];

/** What Bookinfo hands on besides: who asks and with what, so that routes behind can match on it. */
const CALLER_HEADERS: readonly string[] = ['user-agent', 'cookie', 'authorization', 'jwt'];

/**
 * The headers of `incoming` to put on calls made on its behalf.
 * @param more further header names, lower case, such as `end-user`
 */
export function forwardHeaders(
  incoming: IncomingHttpHeaders,
  more: readonly string[] = [],
): Record<string, string> {
  const outgoing: Record<string, string> = {};
  for (const name of [...TRACE_HEADERS, ...CALLER_HEADERS, ...more]) {
    const value = incoming[name];
    if (value !== undefined) outgoing[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return outgoing;
}
