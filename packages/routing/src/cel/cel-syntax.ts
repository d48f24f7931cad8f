/** An expression as a tree (cel-spec, "Syntax"). */
export type CelNode =
  | { readonly kind: 'literal'; readonly value: null | boolean | bigint | number | string }
  | { readonly kind: 'identifier'; readonly name: string }
  /** `operand.field`; `isTest`: inside `has()`. */
  | {
      readonly kind: 'select';
      readonly operand: CelNode;
      readonly field: string;
      readonly isTest: boolean;
    }
  | { readonly kind: 'index'; readonly operand: CelNode; readonly index: CelNode }
  /** `target.name(arguments)`, or without a target. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly target: CelNode | undefined;
      readonly parameters: readonly CelNode[];
    }
  /** `-` and `!`. */
  | { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: CelNode }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: CelNode;
      readonly right: CelNode;
    }
  | {
      readonly kind: 'conditional';
      readonly test: CelNode;
      readonly yes: CelNode;
      readonly no: CelNode;
    }
  | { readonly kind: 'list'; readonly items: readonly CelNode[] }
  | {
      readonly kind: 'map';
      readonly entries: readonly { readonly key: CelNode; readonly value: CelNode }[];
    }
  /** `list.all(variable, body)` and its kin; `filter` of `map(variable, filter, body)`. */
  | {
      readonly kind: 'macro';
      readonly name: string;
      readonly list: CelNode;
      readonly variable: string;
      readonly filter: CelNode | undefined;
      readonly body: CelNode;
    };

/** Macros over lists and maps. */
export const celMacros: ReadonlySet<string> = new Set([
  'all',
  'exists',
  'exists_one',
  'map',
  'filter',
]);
