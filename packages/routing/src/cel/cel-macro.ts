import type { CelEvaluator, CelScope } from './cel-scope.ts';
import type { CelNode } from './cel-syntax.ts';
import { CelError, type CelValue, celTypeName, isCelMap } from './cel-value.ts';

/** Macros in macros: each multiplies the work by the length of a list that clients may choose. */
const maxMacroDepth = 2;

type Macro = Extract<CelNode, { kind: 'macro' }>;

/** What a macro makes of a list; `test` evaluates its body for one item. */
type Fold = (items: readonly CelValue[], test: (item: CelValue) => CelValue) => CelValue;

/** True or false as soon as one item decides; an error only when none does. */
const quantifier =
  (decides: boolean): Fold =>
  (items, test) => {
    let error: CelError | undefined;
    for (const item of items) {
      const value = test(item);
      if (value === decides) return decides;
      if (value instanceof CelError) error ??= value;
      else if (typeof value !== 'boolean') error ??= new CelError('the body of a macro is no bool');
    }
    return error ?? !decides;
  };

const filter: Fold = (items, test) => {
  const kept: CelValue[] = [];
  for (const item of items) {
    const value = test(item);
    if (value === true) kept.push(item);
    else if (value !== false) return notBool(value);
  }
  return kept;
};

const notBool = (value: CelValue): CelError =>
  value instanceof CelError ? value : new CelError(`${celTypeName(value)} is no bool`);

const existsOne: Fold = (items, test) => {
  const kept = filter(items, test);
  return Array.isArray(kept) ? kept.length === 1 : kept;
};

const map: Fold = (items, test) => {
  const values = items.map(test);
  return values.find((value) => value instanceof CelError) ?? values;
};

const folds: Readonly<Record<string, Fold>> = {
  all: quantifier(false),
  exists: quantifier(true),
  exists_one: existsOne,
  filter,
  map,
};

const itemsOf = (value: CelValue): readonly CelValue[] | CelError => {
  if (Array.isArray(value)) return value;
  if (isCelMap(value)) return value.keys();
  return value instanceof CelError ? value : new CelError(`${celTypeName(value)} is no list`);
};

/** Compiles `list.all(item, test)` and its kin. */
export const compileMacro = (
  node: Macro,
  scope: CelScope,
  compile: (node: CelNode, scope: CelScope) => CelEvaluator,
): CelEvaluator => {
  if (scope.variables.length >= maxMacroDepth) {
    const message = `more than ${maxMacroDepth} macros in each other`;
    scope.findings.error(scope.path, 'CelInvalid', message);
  }
  const list = compile(node.list, scope);
  const inner = { ...scope, variables: [...scope.variables, node.variable] };
  const body = compile(node.body, inner);
  const kept = node.filter === undefined ? undefined : compile(node.filter, inner);
  const fold = folds[node.name] as Fold;
  return (context, locals) => {
    const items = itemsOf(list(context, locals));
    if (items instanceof CelError) return items;
    const wanted =
      kept === undefined ? items : filter(items, (item) => kept(context, [...locals, item]));
    if (!Array.isArray(wanted)) return wanted;
    return fold(wanted, (item) => body(context, [...locals, item]));
  };
};
