import type { TelemetryError } from '../telemetry-error.ts';
import {
  type BinaryExpression,
  badQuery,
  type Expression,
  type SelectorExpression,
  type WrittenMatcher,
} from './expression.ts';
import { durationMs, type Token, tokenize } from './tokens.ts';

/** Queries of dashboards are long, but not longer. */
const maxQueryCharacters = 16_384;
/** Parentheses and operators within each other. */
const maxDepth = 64;

/** Higher binds closer; `^` from the right. */
const precedence: Readonly<Record<string, number>> = {
  ...{ or: 1, and: 2, unless: 2 },
  ...{ '==': 3, '!=': 3, '<': 3, '<=': 3, '>': 3, '>=': 3 },
  ...{ '+': 4, '-': 4, '*': 5, '/': 5, '%': 5, '^': 6 },
};

/** Aggregations; those with a parameter before the vector. */
const aggregations: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'min', 'max', 'count', 'group', 'stddev', 'stdvar'],
  ...['topk', 'bottomk', 'quantile'],
]);
const withParameter: ReadonlySet<string> = new Set(['topk', 'bottomk', 'quantile']);

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#binary(0);
    if (this.#token.kind !== 'end') throw this.#unexpected();
    return expression;
  }

  get #token(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #unexpected(wanted = ''): TelemetryError {
    const { text, position } = this.#token;
    const hint = wanted === '' ? '' : `, expected ${wanted}`;
    return badQuery(`unexpected "${text}" at position ${position + 1}${hint}`);
  }

  #take(): Token {
    const token = this.#token;
    this.#at++;
    return token;
  }

  #is(text: string): boolean {
    const { kind, text: found } = this.#token;
    return found === text && (kind === 'operator' || kind === 'name');
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#unexpected(`"${text}"`);
  }

  #binary(least: number): Expression {
    this.#depth++;
    if (this.#depth > maxDepth) throw badQuery('the query is nested too deeply');
    let left = this.#unary();
    for (;;) {
      const { kind, text } = this.#token;
      const level = kind === 'operator' || kind === 'name' ? precedence[text] : undefined;
      if (level === undefined || level < least) break;
      this.#at++;
      const isBool = this.#accept('bool');
      const matching = this.#matching();
      const right = this.#binary(text === '^' ? level : level + 1);
      left = { kind: 'binary', operator: text, left, right, isBool, matching };
    }
    this.#depth--;
    return left;
  }

  #matching(): BinaryExpression['matching'] {
    const word = this.#token.text;
    let matching: BinaryExpression['matching'] = { kind: 'ignoring', labels: [] };
    if (word === 'on' || word === 'ignoring') {
      this.#at++;
      matching = { kind: word, labels: this.#names() };
    }
    if (this.#is('group_left') || this.#is('group_right')) {
      throw badQuery(`${this.#token.text} is not supported`);
    }
    return matching;
  }

  #unary(): Expression {
    if (this.#accept('-')) return { kind: 'negative', of: this.#binary(5) };
    if (this.#accept('+')) return this.#unary();
    return this.#primary();
  }

  #primary(): Expression {
    const token = this.#token;
    if (token.kind === 'number') return { kind: 'number', value: Number(this.#take().text) };
    if (token.kind === 'text') return { kind: 'text', value: this.#take().text };
    if (this.#accept('(')) {
      const inner = this.#binary(0);
      this.#expect(')');
      return inner;
    }
    if (this.#is('{')) return this.#selector('');
    if (token.kind !== 'name') throw this.#unexpected('an expression');
    this.#at++;
    return this.#named(token.text);
  }

  #named(name: string): Expression {
    if (aggregations.has(name) && (this.#is('(') || this.#is('by') || this.#is('without'))) {
      return this.#aggregate(name);
    }
    if (this.#is('(')) return { kind: 'call', name, args: this.#args() };
    const special = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY }[name.toLowerCase()];
    return special === undefined ? this.#selector(name) : { kind: 'number', value: special };
  }

  #aggregate(operator: string): Expression {
    let grouping = this.#grouping();
    const args = this.#args();
    grouping ??= this.#grouping();
    const of = args.at(-1);
    const wanted = withParameter.has(operator) ? 2 : 1;
    if (of === undefined || args.length !== wanted) {
      throw badQuery(`${operator} takes ${wanted} argument${wanted === 1 ? '' : 's'}`);
    }
    return {
      kind: 'aggregate',
      operator,
      grouping: grouping?.kind ?? 'by',
      labels: grouping?.labels ?? [],
      parameter: wanted === 2 ? args[0] : undefined,
      of,
    };
  }

  #grouping(): { readonly kind: 'by' | 'without'; readonly labels: readonly string[] } | undefined {
    const kind = this.#token.text;
    if (kind !== 'by' && kind !== 'without') return undefined;
    this.#at++;
    return { kind, labels: this.#names() };
  }

  #names(): readonly string[] {
    this.#expect('(');
    const names: string[] = [];
    while (!this.#accept(')')) {
      if (this.#token.kind !== 'name') throw this.#unexpected('a label');
      names.push(this.#take().text);
      if (!this.#is(')')) this.#expect(',');
    }
    return names;
  }

  #args(): readonly Expression[] {
    this.#expect('(');
    const args: Expression[] = [];
    while (!this.#accept(')')) {
      args.push(this.#binary(0));
      if (!this.#is(')')) this.#expect(',');
    }
    return args;
  }

  #selector(name: string): SelectorExpression {
    const matchers = this.#accept('{') ? this.#matchers() : [];
    let rangeMs = 0;
    let offsetMs = 0;
    if (this.#accept('[')) {
      rangeMs = this.#duration();
      this.#expect(']');
    }
    if (this.#accept('offset')) offsetMs = this.#duration();
    const named = matchers.find(({ label, operator }) => label === '__name__' && operator === '=');
    // As Prometheus: something must narrow it, or it would be everything.
    if (name === '' && !matchers.some(({ operator, value }) => operator[0] === '=' && value !== ''))
      throw badQuery('a selector needs a metric name or a condition');
    return {
      kind: 'selector',
      name: name === '' ? (named?.value ?? '') : name,
      matchers: matchers.filter((one) => one !== named),
      rangeMs,
      offsetMs,
    };
  }

  #duration(): number {
    if (this.#token.kind !== 'duration') throw this.#unexpected('a duration like 5m');
    return durationMs(this.#take().text);
  }

  #matchers(): readonly WrittenMatcher[] {
    const matchers: WrittenMatcher[] = [];
    while (!this.#accept('}')) {
      if (this.#token.kind !== 'name') throw this.#unexpected('a label');
      const label = this.#take().text;
      const operator = this.#take().text;
      if (operator !== '=' && operator !== '!=' && operator !== '=~' && operator !== '!~') {
        this.#at--;
        throw this.#unexpected('=, !=, =~ or !~');
      }
      const value = this.#take();
      if (value.kind !== 'text') throw badQuery(`${label} needs a text in quotes`);
      matchers.push({ label, operator, value: value.text });
      if (!this.#is('}')) this.#expect(',');
    }
    return matchers;
  }
}

/** Reads a query. @throws TelemetryError `bad-query` naming the position. */
export const parsePromql = (query: string): Expression => {
  if (query.length > maxQueryCharacters) throw badQuery('the query is too long');
  return new Parser(tokenize(query)).whole();
};
