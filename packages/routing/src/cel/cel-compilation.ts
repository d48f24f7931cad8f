import { Findings } from '../findings.ts';
import { compileRegex, type Regex } from '../regex.ts';
import { celOperations } from './cel-arithmetic.ts';
import { attributeMessage, readAttribute } from './cel-attributes.ts';
import { type CelFunction, celFunctions } from './cel-functions.ts';
import { compileMacro } from './cel-macro.ts';
import type { CelEvaluator, CelScope } from './cel-scope.ts';
import type { CelNode } from './cel-syntax.ts';
import {
  CelError,
  type CelMap,
  type CelValue,
  celEquals,
  celTypeName,
  isCelMap,
} from './cel-value.ts';

const isCelError = (value: CelValue): value is CelError => value instanceof CelError;

const refuse = (scope: CelScope, message: string): CelEvaluator => {
  scope.findings.error(scope.path, 'CelInvalid', message);
  const error = new CelError(message);
  return () => error;
};

const notBool = (value: CelValue): CelError =>
  isCelError(value) ? value : new CelError(`${celTypeName(value)} is no bool`);

/** `&&` and `||`: one side that decides makes up for an error on the other. */
const logical = (left: CelEvaluator, right: CelEvaluator, decides: boolean): CelEvaluator => {
  return (context, locals) => {
    const first = left(context, locals);
    if (first === decides) return decides;
    const second = right(context, locals);
    if (second === decides) return decides;
    if (typeof first !== 'boolean') return notBool(first);
    return typeof second === 'boolean' ? second : notBool(second);
  };
};

const compileBinary = (
  node: Extract<CelNode, { kind: 'binary' }>,
  scope: CelScope,
): CelEvaluator => {
  const left = compileCelNode(node.left, scope);
  const right = compileCelNode(node.right, scope);
  if (node.operator === '&&') return logical(left, right, false);
  if (node.operator === '||') return logical(left, right, true);
  const operation = celOperations[node.operator];
  if (operation === undefined) return refuse(scope, `'${node.operator}' is no operator`);
  return (context, locals) => operation(left(context, locals), right(context, locals));
};

const member = (value: CelValue, field: string): CelValue => {
  if (isCelMap(value)) {
    return value.get(field) ?? new CelError(`there is no '${field.slice(0, 80)}'`);
  }
  return isCelError(value) ? value : new CelError(`${celTypeName(value)} has no fields`);
};

const hasMember = (value: CelValue, field: string): CelValue => {
  if (isCelMap(value)) return value.get(field) !== undefined;
  return isCelError(value) ? value : new CelError(`${celTypeName(value)} has no fields`);
};

const compileSelect = (
  node: Extract<CelNode, { kind: 'select' }>,
  scope: CelScope,
): CelEvaluator => {
  const { operand, field, isTest } = node;
  const attribute =
    operand.kind === 'identifier' && !scope.variables.includes(operand.name)
      ? readAttribute(operand.name, field)
      : undefined;
  if (attribute !== undefined) {
    if (isTest) return (context) => attribute(context) !== undefined;
    const missing = new CelError(`there is no ${field}`);
    return (context) => attribute(context) ?? missing;
  }
  const of = compileCelNode(operand, scope);
  if (isTest) return (context, locals) => hasMember(of(context, locals), field);
  return (context, locals) => member(of(context, locals), field);
};

const itemAt = (value: CelValue, index: CelValue): CelValue => {
  if (isCelError(value)) return value;
  if (isCelError(index)) return index;
  if (Array.isArray(value)) {
    const at = typeof index === 'bigint' || typeof index === 'number' ? Number(index) : -1;
    return (value as readonly CelValue[])[at] ?? new CelError('the index is out of range');
  }
  if (!isCelMap(value)) return new CelError(`${celTypeName(value)} has no members`);
  return value.get(index) ?? new CelError('there is no such key');
};

const regexOf = (source: string, findings: Findings, path: string): Regex | undefined =>
  // CEL looks for a match anywhere, where Envoy's own matchers want all of the value.
  compileRegex(`(?s:.*)(?:${source})(?s:.*)`, findings, path);

/** Expressions that are not literals are compiled when they are met; this many are kept. */
const maxRegexes = 64;

const dynamicMatches = (): ((value: string, source: string) => CelValue) => {
  const known = new Map<string, Regex | undefined>();
  return (value, source) => {
    if (!known.has(source)) {
      if (known.size >= maxRegexes) known.clear();
      known.set(source, regexOf(source, new Findings(), ''));
    }
    return known.get(source)?.matches(value) ?? new CelError('the regular expression is invalid');
  };
};

const compileMatches = (parameters: readonly CelNode[], scope: CelScope): CelEvaluator => {
  const [target, source] = parameters;
  if (target === undefined || source === undefined || parameters.length > 2) {
    return refuse(scope, 'matches() takes a text and a regular expression');
  }
  const of = compileCelNode(target, scope);
  if (source.kind === 'literal' && typeof source.value === 'string') {
    const regex = regexOf(source.value, scope.findings, scope.path);
    return (context, locals) => {
      const text = of(context, locals);
      if (typeof text !== 'string') return isCelError(text) ? text : new CelError('no text');
      return regex?.matches(text) ?? false;
    };
  }
  const by = compileCelNode(source, scope);
  const matches = dynamicMatches();
  return (context, locals) => {
    const text = of(context, locals);
    const pattern = by(context, locals);
    if (typeof text === 'string' && typeof pattern === 'string') return matches(text, pattern);
    return [text, pattern].find(isCelError) ?? new CelError('matches() takes texts');
  };
};

const callWith = (found: CelFunction, parameters: readonly CelEvaluator[]): CelEvaluator => {
  const [first, second] = parameters;
  if (first !== undefined && parameters.length === 1) {
    return (context, locals) => found.call([first(context, locals)]);
  }
  if (first !== undefined && second !== undefined && parameters.length === 2) {
    return (context, locals) => found.call([first(context, locals), second(context, locals)]);
  }
  return (context, locals) => found.call(parameters.map((of) => of(context, locals)));
};

const compileCall = (node: Extract<CelNode, { kind: 'call' }>, scope: CelScope): CelEvaluator => {
  const { name, target } = node;
  const parameters = target === undefined ? node.parameters : [target, ...node.parameters];
  if (name === 'matches') return compileMatches(parameters, scope);
  const found = Object.hasOwn(celFunctions, name) ? celFunctions[name] : undefined;
  if (found === undefined) return refuse(scope, `the function ${name}() is not known`);
  const { length } = parameters;
  if (length < found.minParameters || length > found.maxParameters) {
    return refuse(scope, `${name}() does not take ${length} arguments`);
  }
  return callWith(
    found,
    parameters.map((parameter) => compileCelNode(parameter, scope)),
  );
};

const compileUnary = (node: Extract<CelNode, { kind: 'unary' }>, scope: CelScope): CelEvaluator => {
  const of = compileCelNode(node.operand, scope);
  if (node.operator === '!') {
    return (context, locals) => {
      const value = of(context, locals);
      return typeof value === 'boolean' ? !value : notBool(value);
    };
  }
  const subtract = celOperations['-'] as NonNullable<(typeof celOperations)[string]>;
  return (context, locals) => {
    const value = of(context, locals);
    return typeof value === 'number' ? -value : subtract(0n, value);
  };
};

const compileConditional = (
  node: Extract<CelNode, { kind: 'conditional' }>,
  scope: CelScope,
): CelEvaluator => {
  const test = compileCelNode(node.test, scope);
  const yes = compileCelNode(node.yes, scope);
  const no = compileCelNode(node.no, scope);
  return (context, locals) => {
    const value = test(context, locals);
    if (typeof value !== 'boolean') return notBool(value);
    return value ? yes(context, locals) : no(context, locals);
  };
};

const compileIdentifier = (name: string, scope: CelScope): CelEvaluator => {
  const at = scope.variables.lastIndexOf(name);
  if (at >= 0) return (_, locals) => locals[at] ?? null;
  const message = attributeMessage(name);
  return message ?? refuse(scope, `the attribute '${name}' is not known`);
};

const compileMap = (node: Extract<CelNode, { kind: 'map' }>, scope: CelScope): CelEvaluator => {
  const entries = node.entries.map(({ key, value }) => ({
    key: compileCelNode(key, scope),
    value: compileCelNode(value, scope),
  }));
  return (context, locals) => {
    const known = entries.map(
      ({ key, value }) => [key(context, locals), value(context, locals)] as const,
    );
    const map: CelMap = {
      get: (wanted) => known.find(([key]) => celEquals(key, wanted))?.[1],
      keys: () => known.map(([key]) => key),
    };
    return known.flat().find(isCelError) ?? map;
  };
};

/** Compiles one node. What is wrong becomes a finding, and an evaluator that gives the error. */
export function compileCelNode(node: CelNode, scope: CelScope): CelEvaluator {
  switch (node.kind) {
    case 'literal':
      return () => node.value;
    case 'identifier':
      return compileIdentifier(node.name, scope);
    case 'select':
      return compileSelect(node, scope);
    case 'index': {
      const of = compileCelNode(node.operand, scope);
      const at = compileCelNode(node.index, scope);
      return (context, locals) => itemAt(of(context, locals), at(context, locals));
    }
    case 'call':
      return compileCall(node, scope);
    case 'unary':
      return compileUnary(node, scope);
    case 'binary':
      return compileBinary(node, scope);
    case 'conditional':
      return compileConditional(node, scope);
    case 'list': {
      const items = node.items.map((item) => compileCelNode(item, scope));
      return (context, locals) => {
        const values = items.map((item) => item(context, locals));
        return values.find(isCelError) ?? values;
      };
    }
    case 'map':
      return compileMap(node, scope);
    case 'macro':
      return compileMacro(node, scope, compileCelNode);
    default:
      return node satisfies never;
  }
}
