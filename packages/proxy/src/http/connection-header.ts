import { headFlag, type MessageHead } from '../http1/head-parser.ts';

/** Headers a client may name in `connection`: Envoy's bound. */
const maxNominated = 10;
/** Length of a `te` value that is nominated: Envoy's bound. */
const maxTeBytes = 256;

/** Words that are no header names. */
const options: ReadonlySet<string> = new Set([
  'close',
  'connection',
  'http2-settings',
  'keep-alive',
  'upgrade',
]);

/** What proxies before us said: taking it away would hide where a request came from. */
const forwarded: ReadonlySet<string> = new Set([
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);

/** Framing and target are ours to say upstream, whatever a client nominates. */
const kept: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'te']);

/** Headers that `connection` names, lower-case. */
const nominated = (request: MessageHead): readonly string[] =>
  (request.get('connection') ?? '')
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/**
 * Whether `connection` names only what a client may take away (Envoy's `sanitizeConnectionHeader`):
 * not too many, no pseudo headers, nothing that says who asked.
 */
export const isSaneConnection = (request: MessageHead): boolean => {
  if ((request.flags & headFlag.connectionTokens) === 0) return true;
  const words = nominated(request);
  if (words.length >= maxNominated) return false;
  if (words.some((word) => forwarded.has(word) || word.startsWith(':'))) return false;
  return !words.includes('te') || (request.get('te') ?? '').length < maxTeBytes;
};

/** Takes the nominated headers out. */
export const removeNominated = (request: MessageHead): void => {
  for (const word of nominated(request)) {
    if (!options.has(word) && !kept.has(word)) request.remove(word);
  }
};
