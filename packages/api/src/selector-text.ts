import type { Checked } from '@lateen/base';
import { isLabelKey, isLabelValue, type LabelRequirement } from './labels.ts';

/** One condition on a field: kubectl's `--field-selector`. */
export interface FieldRequirement {
  /** Dotted path below the object: `metadata.name`, `status.phase`. */
  readonly path: string;
  readonly operator: 'Equals' | 'NotEquals';
  readonly value: string;
}

const failed = (message: string): Checked<never> => ({
  value: undefined,
  diagnostics: [{ severity: 'error', code: 'SelectorInvalid', message }],
});

/** Splits at commas outside parentheses. */
const clausesOf = (text: string): readonly string[] => {
  const clauses: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')') depth--;
    else if (text[at] === ',' && depth === 0) {
      clauses.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...clauses, text.slice(start)];
};

const setClause = /^\s*([^\s!=<>()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$/;
const compareClause = /^\s*([^\s!=<>()]+)\s*(==|=|!=|>|<)\s*([^\s!=<>()]*)\s*$/;
const existsClause = /^\s*(!?)\s*([^\s!=<>()]+)\s*$/;

const operators: Readonly<Record<string, LabelRequirement['operator']>> = {
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  '>': 'Gt',
  '<': 'Lt',
  in: 'In',
  notin: 'NotIn',
};

const parseClause = (clause: string): LabelRequirement | undefined => {
  const set = setClause.exec(clause);
  if (set !== null) {
    const [, key = '', operator = '', list = ''] = set;
    const values = list.split(',').map((one) => one.trim());
    return { key, operator: operators[operator] ?? 'In', values };
  }
  const compare = compareClause.exec(clause);
  if (compare !== null) {
    const [, key = '', operator = '', value = ''] = compare;
    return { key, operator: operators[operator] ?? 'In', values: [value] };
  }
  const exists = existsClause.exec(clause);
  if (exists === null) return undefined;
  const operator = exists[1] === '!' ? 'DoesNotExist' : 'Exists';
  return { key: exists[2] ?? '', operator, values: [] };
};

const objection = (requirement: LabelRequirement): string | undefined => {
  const { key, operator, values } = requirement;
  if (!isLabelKey(key)) return `"${key}" is not a label key`;
  if (operator === 'Gt' || operator === 'Lt')
    return /^-?\d+$/.test(values[0] ?? '') ? undefined : `"${values[0]}" must be an integer`;
  const bad = values.find((value) => !isLabelValue(value));
  return bad === undefined ? undefined : `"${bad}" is not a label value`;
};

/** A label selector as `kubectl -l` takes it: `a=b,c!=d,e in (x,y),f notin (z),g,!h,n>3`. Empty text has no conditions. */
export const parseLabelSelector = (text: string): Checked<readonly LabelRequirement[]> => {
  if (text.trim() === '') return { value: [], diagnostics: [] };
  const requirements: LabelRequirement[] = [];
  for (const clause of clausesOf(text)) {
    const requirement = parseClause(clause);
    if (requirement === undefined)
      return failed(`unable to parse requirement "${clause.trim()}" of selector "${text}"`);
    const wrong = objection(requirement);
    if (wrong !== undefined) return failed(`unable to parse requirement: ${wrong}`);
    requirements.push(requirement);
  }
  return { value: requirements, diagnostics: [] };
};

/** A field selector as `kubectl --field-selector` takes it: `metadata.name=x,status.phase!=Running`. */
export const parseFieldSelector = (text: string): Checked<readonly FieldRequirement[]> => {
  const requirements: FieldRequirement[] = [];
  for (const clause of text.split(',')) {
    if (clause.trim() === '') continue;
    const match = /^\s*([^!=\s]+?)\s*(!=|==|=)\s*(.*?)\s*$/.exec(clause);
    if (match === null) return failed(`invalid field selector "${clause}": want field=value`);
    const [, path = '', operator, value = ''] = match;
    requirements.push({ path, operator: operator === '!=' ? 'NotEquals' : 'Equals', value });
  }
  return { value: requirements, diagnostics: [] };
};

const fieldText = (object: unknown, path: string): string => {
  let value: unknown = object;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return '';
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return typeof value === 'object' ? '' : String(value ?? '');
};

/** Whether an object meets every field condition; a field that is absent counts as empty. */
export const matchesFields = (
  requirements: readonly FieldRequirement[],
  object: unknown,
): boolean =>
  requirements.every(
    ({ path, operator, value }) => (fieldText(object, path) === value) === (operator === 'Equals'),
  );
