import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Fields that concern one connection only (RFC 9110, section 7.6.1). */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers to pass on to the other side. Credentials for the API server stay with it. */
export const forwardableHeaders = (
  headers: IncomingHttpHeaders,
  withheld: readonly string[] = [],
): OutgoingHttpHeaders => {
  const named = (headers.connection ?? '').split(',').map((field) => field.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !(connectionFields.has(name) || named.includes(name) || withheld.includes(name)),
    ),
  );
};
