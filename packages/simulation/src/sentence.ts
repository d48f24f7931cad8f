/** A text with places `{name}`; of a list what stands between its parts. In English; pages have theirs by code. */
const english = {
  // What a client gets.
  answer: 'the answer of {who}',
  answerOfOne: 'the answer of one of {who}',
  connection: 'a connection to {who}',
  connectionToOne: 'a connection to one of {who}',
  ownApp: 'the app, at {address}',
  ownPort: 'the app, at its own port',
  answered: '{status}: {reason}',
  answeredBare: '{status}',
  closed: 'closed: {reason}',
  unknown: 'unknown: {reason}',
  endsAt: '{end} ({pods})',
  asksFirst: 'what {providers} decides; if allowed, {then}',
  share: '{percent} % {end}',
  abortedSometimes: '{end} (in {percent} % of cases {status}, injected)',
  delayed: '{end} after {ms} ms',
  delayedSometimes: '{end} after {ms} ms in {percent} % of cases',
  redirect: '{status} to {location}',
  directResponse: '{status}, a direct response',
  directResponseWith: '{status}, a direct response: {body}',
  preflight: '200: the answer to a CORS preflight',
  serverTls: 'what the server says: TLS of its own, which no proxy opens',
  serverOutside: 'what the server says: it is outside of the mesh',
  nothing: 'nothing: the route has no destination',
  podIn: '{pod} in {cluster}',
  // Lists.
  or: ', or ',
  ways: '; ',
  names: ', ',
  all: ' and ',
  // Why not.
  text: '{text}',
  closedConnection: 'a closed connection: {reason}',
  failedHandshake: 'a failed TLS handshake: {reason}',
  noRoute: 'no route (NR)',
  noCluster: 'there is no such cluster (NC)',
  noHealthyEndpoint: 'no healthy endpoint (UH)',
  injectedFault: 'an injected fault (FI)',
  unreadablePath: 'the path cannot be read',
  nothingListens: 'connection refused: nothing listens there',
  serviceWithoutEndpoint: 'connection refused: the service has no endpoint at this port',
  noFilterChain: 'no filter chain takes it',
  portSpeaksTls: 'this port speaks TLS',
  portSpeaksPlainHttp: 'this port speaks plain HTTP',
  portSpeaksHttp: 'this port speaks HTTP',
  clusterWithoutEndpoint: '{cluster} has no endpoint',
  certificateRequired: 'a client certificate is required',
  certificateUntrusted: 'certificates of {principal} are not trusted here',
  rootUntrusted: '{one} does not trust the root of {other}',
  serverUnexpected: 'the server is {identity}, and another is expected',
  strictPort: 'a connection reset: the port takes mutual TLS only (PeerAuthentication STRICT)',
  deniedByRule: 'RBAC: access denied, denied by {policy}, rule {rule}',
  deniedByPolicy: 'RBAC: access denied, denied by {policy}',
  deniedByAll: 'RBAC: access denied, there is an {action} policy, and it lets nobody in',
  deniedByNone: 'RBAC: access denied, none of the {action} rules lets it in',
  // Other clusters.
  rulesUnread: 'the rules of {cluster} could not be read: what its proxies do is not known',
  noServiceThere: '{cluster} has no Service at {address} any more',
  noPodThere: 'connection refused: no pod serves the address',
  nothingListensThere: 'connection refused: nothing listens there',
  gatewayTakesMeshOnly: 'the gateway takes mutual TLS of the mesh only',
  noGatewayPasses: 'no Gateway there passes {name} on',
} as const;

/** What can be said of a request. */
export type SentenceCode = keyof typeof english;

/** The English texts, for those who translate them. */
export const englishSentences: Readonly<Record<SentenceCode, string>> = english;

/** Something said of a request, in no language yet. */
export interface Sentence {
  readonly code: SentenceCode;
  readonly values: Readonly<Record<string, string | number | Sentence>>;
  /** Of a list, in order. */
  readonly parts?: readonly Sentence[];
}

/** Says something. */
export const say = (code: SentenceCode, values: Sentence['values'] = {}): Sentence => ({
  code,
  values,
});

/** One or the other; a list of one is that one. */
export const sayAll = (
  code: 'or' | 'ways' | 'names' | 'all',
  parts: readonly Sentence[],
): Sentence => {
  const [first, ...rest] = parts;
  return first !== undefined && rest.length === 0 ? first : { code, values: {}, parts };
};

/** Why something is not as wished, for people who read English and for those who do not. */
export interface Reason {
  /** '' when nothing is wrong. */
  readonly reason: string;
  /** The same in no language yet; null when nothing is wrong. */
  readonly cause: Sentence | null;
}

/** A reason, or that there is none. */
export const because = (cause: Sentence | null): Reason => ({ reason: sentenceText(cause), cause });

/** A sentence in the words of a language. */
export const renderSentence = (
  { code, values, parts }: Sentence,
  texts: Readonly<Record<SentenceCode, string>>,
): string => {
  if (parts !== undefined)
    return parts.map((part) => renderSentence(part, texts)).join(texts[code]);
  return texts[code].replaceAll(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === 'object' ? renderSentence(value, texts) : String(value);
  });
};

/** A sentence in English; '' for none. */
export const sentenceText = (sentence: Sentence | null): string =>
  sentence === null ? '' : renderSentence(sentence, english);
