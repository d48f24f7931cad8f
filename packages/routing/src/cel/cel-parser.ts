import { type CelNode, celMacros } from './cel-syntax.ts';
import { CelSyntaxError, type CelToken, celTokens } from './cel-token.ts';

/** Longer than any filter people write; bounds what a hostile configuration costs. */
const maxCharacters = 10_000;
/** Brackets in brackets; bounds the recursion of parser and evaluator. */
const maxDepth = 64;

/** Operators by precedence, the loosest first; all of them group to the left. */
const levels: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['<', '<=', '>=', '>', '==', '!=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

const keywords: Readonly<Record<string, null | boolean>> = { true: true, false: false, null: null };

class Parser {
  readonly #tokens: readonly CelToken[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = celTokens(text);
  }

  get #token(): CelToken {
    return this.#tokens[this.#at] as CelToken;
  }

  get isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  fail(message: string): never {
    throw new CelSyntaxError(message, this.#token.at);
  }

  #text(): string {
    const token = this.#token;
    return token.kind === 'symbol' || token.kind === 'identifier' ? token.text : '';
  }

  #takes(text: string): boolean {
    if (this.#token.kind !== 'symbol' || this.#text() !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#takes(text)) this.fail(`'${text}' is expected`);
  }

  #name(): string {
    const token = this.#token;
    if (token.kind !== 'identifier') return this.fail('a name is expected');
    this.#at++;
    return token.text;
  }

  expression(): CelNode {
    if (++this.#depth > maxDepth) this.fail('the expression is nested too deeply');
    const test = this.#binary(0);
    if (!this.#takes('?')) {
      this.#depth--;
      return test;
    }
    const yes = this.#binary(0);
    this.#expect(':');
    const no = this.expression();
    this.#depth--;
    return { kind: 'conditional', test, yes, no };
  }

  #binary(level: number): CelNode {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    let length = 0;
    while (operators.includes(this.#text())) {
      // A long chain is a deep tree.
      if (++length > maxDepth) this.fail('too many operators in a row');
      const operator = this.#text();
      this.#at++;
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
    return left;
  }

  #unary(): CelNode {
    const operators: ('-' | '!')[] = [];
    for (;;) {
      if (this.#takes('!')) operators.push('!');
      else if (this.#takes('-')) operators.push('-');
      else break;
      if (operators.length > maxDepth) this.fail('too many operators in a row');
    }
    let node = this.#member();
    for (const operator of operators.reverse()) node = negated(operator, node);
    return node;
  }

  #member(): CelNode {
    let node = this.#primary();
    for (let length = 0; ; length++) {
      if (length > maxDepth) this.fail('too many members in a row');
      if (this.#takes('.')) node = this.#selection(node);
      else if (this.#takes('[')) {
        const index = this.expression();
        this.#expect(']');
        node = { kind: 'index', operand: node, index };
      } else return node;
    }
  }

  #selection(operand: CelNode): CelNode {
    const name = this.#name();
    if (!this.#takes('(')) return { kind: 'select', operand, field: name, isTest: false };
    const parameters = this.#list(')');
    return celMacros.has(name)
      ? this.#macro(name, operand, parameters)
      : { kind: 'call', name, target: operand, parameters };
  }

  #macro(name: string, list: CelNode, parameters: readonly CelNode[]): CelNode {
    const [variable, second, third] = parameters;
    const isWithFilter = name === 'map' && third !== undefined;
    const body = isWithFilter ? third : second;
    if (variable?.kind !== 'identifier' || body === undefined) {
      return this.fail(`${name}() takes a variable and an expression`);
    }
    if (parameters.length > (isWithFilter ? 3 : 2)) this.fail(`${name}() has too many arguments`);
    const filter = isWithFilter ? second : undefined;
    return { kind: 'macro', name, list, variable: variable.name, filter, body };
  }

  #primary(): CelNode {
    const token = this.#token;
    if (token.kind === 'string' || token.kind === 'int' || token.kind === 'double') {
      this.#at++;
      return { kind: 'literal', value: token.value };
    }
    if (token.kind === 'identifier') return this.#named();
    if (this.#takes('(')) {
      const node = this.expression();
      this.#expect(')');
      return node;
    }
    if (this.#takes('[')) return { kind: 'list', items: this.#list(']') };
    if (this.#takes('{')) return this.#map();
    return this.fail('an expression is expected');
  }

  #named(): CelNode {
    const name = this.#name();
    if (Object.hasOwn(keywords, name)) return { kind: 'literal', value: keywords[name] ?? null };
    if (name === 'in') return this.fail("'in' is not expected");
    if (!this.#takes('(')) return { kind: 'identifier', name };
    const parameters = this.#list(')');
    if (name !== 'has') return { kind: 'call', name, target: undefined, parameters };
    const [tested] = parameters;
    if (parameters.length !== 1 || tested?.kind !== 'select') {
      return this.fail('has() takes one field: has(request.headers)');
    }
    return { ...tested, isTest: true };
  }

  /** Expressions with commas between them, up to the closing bracket. */
  #list(end: string): readonly CelNode[] {
    const items: CelNode[] = [];
    while (!this.#takes(end)) {
      items.push(this.expression());
      if (this.#takes(',')) continue;
      this.#expect(end);
      break;
    }
    return items;
  }

  #map(): CelNode {
    const entries: { key: CelNode; value: CelNode }[] = [];
    while (!this.#takes('}')) {
      const key = this.expression();
      this.#expect(':');
      entries.push({ key, value: this.expression() });
      if (this.#takes(',')) continue;
      this.#expect('}');
      break;
    }
    return { kind: 'map', entries };
  }
}

const negated = (operator: '-' | '!', operand: CelNode): CelNode => {
  if (operator === '-' && operand.kind === 'literal') {
    const { value } = operand;
    if (typeof value === 'bigint' || typeof value === 'number') {
      return { kind: 'literal', value: -value };
    }
  }
  return { kind: 'unary', operator, operand };
};

/** Parses an expression of the Common Expression Language. Throws `CelSyntaxError`. */
export const parseCel = (text: string): CelNode => {
  if (text.length > maxCharacters) {
    throw new CelSyntaxError(`the expression is longer than ${maxCharacters} characters`, 0);
  }
  const parser = new Parser(text);
  const node = parser.expression();
  if (!parser.isAtEnd) parser.fail('an operator is expected');
  return node;
};
