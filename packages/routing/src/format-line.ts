import type { Format, FormatContext, Operator, OperatorValue } from './format-context.ts';

/** Literal text or an operator. */
export type Piece = string | Operator;

const print = (value: OperatorValue, empty: string): string =>
  value === undefined || value === '' ? empty : typeof value === 'string' ? value : `${value}`;

/**
 * Operators whose values mostly are those of a line shortly before, and cheap to compare: they belong
 * to the route, the endpoint or the outcome. Not headers: each request has strings of its own.
 */
const steadyNames: ReadonlySet<string> = new Set([
  'BYTES_RECEIVED',
  'CONNECTION_TERMINATION_DETAILS',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'HOSTNAME',
  'PROTOCOL',
  'REQUESTED_SERVER_NAME',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_FLAGS',
  'ROUTE_NAME',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_CLUSTER_RAW',
  'UPSTREAM_HOST',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
]);

const steadyOperators = new WeakSet<Operator>();

/** Marks an operator by its name: neighbours of one kind are printed together and remembered. */
export const markOperator = (name: string, operator: Operator): Operator => {
  if (steadyNames.has(name)) steadyOperators.add(operator);
  return operator;
};

const printAll = (pieces: readonly Piece[], values: readonly OperatorValue[], empty: string) => {
  let text = '';
  let at = 0;
  for (const piece of pieces) {
    text += typeof piece === 'string' ? piece : print(values[at++], empty);
  }
  return text;
};

/** Texts a run remembers: endpoints take turns. */
const rememberedTexts = 8;

interface Remembered {
  readonly values: readonly OperatorValue[];
  readonly text: string;
}

/** Literals and steady operators in a row. Their text is made once for each set of values. */
const steadyRun = (pieces: readonly Piece[], empty: string): Format => {
  const operators = pieces.filter((piece) => typeof piece !== 'string');
  const [first] = operators;
  if (first === undefined) {
    const text = printAll(pieces, [], empty);
    return () => text;
  }
  const remembered: Remembered[] = [];
  let oldest = 0;
  const isFor = (one: Remembered, context: FormatContext): boolean => {
    for (let at = 1; at < operators.length; at++) {
      if ((operators[at] as Operator)(context) !== one.values[at]) return false;
    }
    return true;
  };
  return (context) => {
    const key = first(context);
    for (let at = 0; at < remembered.length; at++) {
      const one = remembered[at] as Remembered;
      if (one.values[0] === key && isFor(one, context)) return one.text;
    }
    const values = operators.map((operator) => operator(context));
    const text = printAll(pieces, values, empty);
    remembered[oldest] = { values, text };
    oldest = (oldest + 1) % rememberedTexts;
    return text;
  };
};

/** Pieces as runs: literals join the steady operators beside them; each other operator is alone. */
const runsOf = (pieces: readonly Piece[]): Piece[][] => {
  const runs: Piece[][] = [];
  let current: Piece[] = [];
  for (const piece of pieces) {
    if (typeof piece === 'string' || steadyOperators.has(piece)) current.push(piece);
    else {
      if (current.length > 0) runs.push(current);
      runs.push([piece]);
      current = [];
    }
  }
  return current.length > 0 ? [...runs, current] : runs;
};

/** A line of pieces. `empty` stands for what is not there. */
export const joinPieces = (pieces: readonly Piece[], empty: string): Format => {
  const parts = runsOf(pieces).map((run): Piece => {
    const [only] = run;
    if (run.length === 1 && only !== undefined && !steadyOperators.has(only as Operator))
      return only;
    return steadyRun(run, empty);
  });
  return (context) => {
    let line = '';
    for (const part of parts) line += typeof part === 'string' ? part : print(part(context), empty);
    return line;
  };
};
