import type { GraphEdge, GraphNode } from '@lateen/telemetry/contract';

/** Something an expression is asked about. */
export type FindSubject =
  | { readonly type: 'node'; readonly node: GraphNode }
  | { readonly type: 'edge'; readonly edge: GraphEdge };

/** Whether a node or an edge is meant. */
export type FindPredicate = (subject: FindSubject) => boolean;

/** A read expression, or where and why it cannot be read. */
export type ParsedFind =
  | { readonly ok: true; readonly matches: FindPredicate }
  | { readonly ok: false; readonly position: number; readonly expected: FindError };

/** What was expected: a word of the language, a value, or the end. */
export type FindError = 'word' | 'value' | 'number' | 'operator' | 'end' | 'parenthesis';

interface Token {
  readonly text: string;
  readonly position: number;
}

type Comparison = '=' | '!=' | '>' | '>=' | '<' | '<=' | '*=' | '^=' | '$=' | '!*=';

const tokenPattern = /\s*(\(|\)|!\*=|>=|<=|!=|\*=|\^=|\$=|=|>|<|!|"[^"]*"|[^\s()=<>!*^$"]+)/gy;

const tokenize = (text: string): Token[] => {
  const tokens: Token[] = [];
  let end = 0;
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text)) {
    const word = match[1] ?? '';
    end = match.index + match[0].length;
    tokens.push({ text: word, position: end - word.length });
  }
  const rest = text.slice(end).trim();
  return rest === '' ? tokens : [...tokens, { text: rest, position: end }];
};

const nodeText: Readonly<Record<string, (node: GraphNode) => string>> = {
  name: (node) => [node.name, node.app, node.workload, node.service].filter(Boolean).join(' '),
  app: (node) => node.app ?? '',
  version: (node) => node.version ?? '',
  workload: (node) => node.workload ?? '',
  service: (node) => node.service ?? '',
  namespace: (node) => node.namespace,
  cluster: (node) => node.cluster,
  node: (node) => node.kind,
  health: (node) => node.health.state,
};

const edgeText: Readonly<Record<string, (edge: GraphEdge) => string>> = {
  protocol: (edge) => edge.protocol,
};

const nodeNumber: Readonly<Record<string, (node: GraphNode) => number>> = {
  rpsin: (node) => node.traffic.inRequestsPerSecond,
  rpsout: (node) => node.traffic.outRequestsPerSecond,
  errorin: (node) => (node.traffic.inErrorShare ?? 0) * 100,
};

const edgeNumber: Readonly<Record<string, (edge: GraphEdge) => number | null>> = {
  rps: (edge) => edge.requestsPerSecond,
  error: (edge) => (edge.errorShare ?? 0) * 100,
  '%error': (edge) => (edge.errorShare ?? 0) * 100,
  share: (edge) => edge.share * 100,
  '%traffic': (edge) => edge.share * 100,
  rt: (edge) => edge.p95Ms,
  p50: (edge) => edge.p50Ms,
  p95: (edge) => edge.p95Ms,
  p99: (edge) => edge.p99Ms,
  mtls: (edge) => (edge.mtlsShare ?? 0) * 100,
};

const nodeFlag: Readonly<Record<string, (node: GraphNode) => boolean>> = {
  idle: (node) => node.flags.isIdle,
  outside: (node) => node.flags.isOutside,
  vs: (node) => node.flags.hasVirtualService,
  dr: (node) => node.flags.hasDestinationRule,
  cb: (node) => node.flags.hasCircuitBreaker,
  fi: (node) => node.flags.hasFaultInjection,
  shifting: (node) => node.flags.hasTrafficShifting,
  se: (node) => node.flags.isServiceEntry,
  root: (node) => node.flags.isRoot,
  nosidecar: (node) => node.flags.isMissingProxy,
  dead: (node) => node.flags.isDead,
  healthy: (node) => node.health.state === 'healthy',
  degraded: (node) => node.health.state === 'degraded',
  failing: (node) => node.health.state === 'failing',
  gateway: (node) => node.kind === 'gateway',
  external: (node) => node.kind === 'external',
};

const edgeFlag: Readonly<Record<string, (edge: GraphEdge) => boolean>> = {
  error: (edge) => (edge.errorShare ?? 0) > 0,
  mtls: (edge) => (edge.mtlsShare ?? 0) > 0,
  traffic: (edge) => edge.requestsPerSecond > 0 || edge.bytesPerSecondOut > 0,
  http: (edge) => edge.protocol === 'http',
  grpc: (edge) => edge.protocol === 'grpc',
  tcp: (edge) => edge.protocol === 'tcp',
};

const compareText = (actual: string, operator: Comparison, wanted: string): boolean => {
  const a = actual.toLowerCase();
  const b = wanted.toLowerCase();
  const words = a.split(' ');
  switch (operator) {
    case '=':
      return words.includes(b);
    case '!=':
      return !words.includes(b);
    case '*=':
      return a.includes(b);
    case '!*=':
      return !a.includes(b);
    case '^=':
      return words.some((word) => word.startsWith(b));
    case '$=':
      return words.some((word) => word.endsWith(b));
    default:
      return false;
  }
};

const compareNumber = (actual: number | null, operator: Comparison, wanted: number): boolean => {
  if (actual === null) return false;
  switch (operator) {
    case '>':
      return actual > wanted;
    case '>=':
      return actual >= wanted;
    case '<':
      return actual < wanted;
    case '<=':
      return actual <= wanted;
    case '!=':
      return actual !== wanted;
    default:
      return actual === wanted;
  }
};

class Reader {
  readonly #tokens: readonly Token[];
  readonly #end: number;
  #at = 0;
  failure: { position: number; expected: FindError } | undefined;

  constructor(text: string) {
    this.#tokens = tokenize(text);
    this.#end = text.length;
  }

  peek(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }

  next(): string {
    const text = this.peek();
    this.#at += 1;
    return text;
  }

  fail(expected: FindError, back = 0): FindPredicate {
    const position = this.#tokens[this.#at - back]?.position ?? this.#end;
    this.failure ??= { position, expected };
    return () => false;
  }

  any(): FindPredicate {
    const parts = [this.all()];
    while (/^(or|\|\|)$/i.test(this.peek())) {
      this.next();
      parts.push(this.all());
    }
    return parts.length === 1 ? (parts[0] as FindPredicate) : (s) => parts.some((part) => part(s));
  }

  all(): FindPredicate {
    const parts = [this.term()];
    while (/^(and|&&)$/i.test(this.peek())) {
      this.next();
      parts.push(this.term());
    }
    return parts.length === 1 ? (parts[0] as FindPredicate) : (s) => parts.every((part) => part(s));
  }

  term(): FindPredicate {
    if (/^(not|!)$/i.test(this.peek())) {
      this.next();
      return this.negated();
    }
    if (this.peek() !== '(') return this.condition();
    this.next();
    const inner = this.any();
    if (this.peek() !== ')') return this.fail('parenthesis');
    this.next();
    return inner;
  }

  /** `!mtls` means edges without, not every node: the kind of thing asked about stays. */
  negated(): FindPredicate {
    const word = this.peek().toLowerCase();
    const inner = this.term();
    if (word in edgeFlag && !(word in nodeFlag)) return (s) => s.type === 'edge' && !inner(s);
    if (word in nodeFlag && !(word in edgeFlag)) return (s) => s.type === 'node' && !inner(s);
    return (s) => !inner(s);
  }

  condition(): FindPredicate {
    const word = this.next().toLowerCase();
    const operator = this.peek();
    if (/^(=|!=|>=?|<=?|\*=|!\*=|\^=|\$=)$/.test(operator)) {
      this.next();
      return this.comparison(word, operator as Comparison);
    }
    const ofNode = nodeFlag[word];
    const ofEdge = edgeFlag[word];
    if (ofNode !== undefined || ofEdge !== undefined)
      return (s) => (s.type === 'node' ? ofNode?.(s.node) : ofEdge?.(s.edge)) ?? false;
    if (word in nodeText || word in nodeNumber || word in edgeNumber || word in edgeText)
      return this.fail('operator');
    if (!/^[\w.-]+$/.test(word)) return this.fail('word', 1);
    // A lone word is what people type first: part of a name.
    return (s) => s.type === 'node' && compareText(nodeText['name']?.(s.node) ?? '', '*=', word);
  }

  comparison(word: string, operator: Comparison): FindPredicate {
    const raw = this.next();
    const value = raw.replace(/^"(.*)"$/, '$1');
    if (raw === '' || raw === '(' || raw === ')') return this.fail('value', 1);
    const textOfNode = nodeText[word];
    const textOfEdge = edgeText[word];
    if (textOfNode !== undefined || textOfEdge !== undefined) {
      if (/[<>]/.test(operator)) return this.fail('operator', 2);
      return (s) =>
        s.type === 'node'
          ? textOfNode !== undefined && compareText(textOfNode(s.node), operator, value)
          : textOfEdge !== undefined && compareText(textOfEdge(s.edge), operator, value);
    }
    const numberOfNode = nodeNumber[word];
    const numberOfEdge = edgeNumber[word];
    if (numberOfNode === undefined && numberOfEdge === undefined) return this.fail('word', 3);
    const wanted = Number(value);
    if (Number.isNaN(wanted)) return this.fail('number', 1);
    return (s) =>
      s.type === 'node'
        ? numberOfNode !== undefined && compareNumber(numberOfNode(s.node), operator, wanted)
        : numberOfEdge !== undefined && compareNumber(numberOfEdge(s.edge), operator, wanted);
  }

  finish(matches: FindPredicate): ParsedFind {
    if (this.failure === undefined && this.#at < this.#tokens.length) this.fail('end');
    return this.failure === undefined ? { ok: true, matches } : { ok: false, ...this.failure };
  }
}

/**
 * Reads the language of "find" and "hide", a part of Kiali's: `rps > 1`, `%error > 5`, `rt > 200`, `error`, `!mtls`,
 * `name = reviews`, `version ^= v`, `idle or namespace = istio-system`, `not (protocol = tcp and rps < 1)`. A lone word
 * is part of a name. The empty text means nothing at all.
 */
export const parseFind = (text: string): ParsedFind => {
  if (text.trim() === '') return { ok: true, matches: () => false };
  const reader = new Reader(text);
  return reader.finish(reader.any());
};

/** Words that may begin a condition, for completion. */
export const findWords: readonly string[] = [
  ...new Set([
    ...Object.keys(nodeText),
    ...Object.keys(nodeNumber),
    ...Object.keys(edgeNumber),
    ...Object.keys(edgeText),
    ...Object.keys(nodeFlag),
    ...Object.keys(edgeFlag),
  ]),
].sort();
