type Step = (values: readonly unknown[]) => readonly unknown[];

const member =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
      const found = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
      return found === undefined ? [] : [found];
    });

const element =
  (index: number): Step =>
  (values) =>
    values.flatMap((value) => {
      const found = Array.isArray(value) ? value.at(index) : undefined;
      return found === undefined ? [] : [found];
    });

const everything: Step = (values) =>
  values.flatMap((value) =>
    typeof value === 'object' && value !== null ? Object.values(value) : [],
  );

const literal = (text: string): unknown => {
  const quoted = /^(?:"(.*)"|'(.*)')$/.exec(text);
  if (quoted !== null) return quoted[1] ?? quoted[2] ?? '';
  if (text === 'true' || text === 'false') return text === 'true';
  return Number(text);
};

const filter = (path: string, operator: string, wanted: unknown): Step => {
  const select = compileJsonPath(path);
  return (values) =>
    values.flatMap((value) =>
      Array.isArray(value)
        ? value.filter((item) => (select(item)[0] === wanted) === (operator === '=='))
        : [],
    );
};

interface StepSyntax {
  readonly pattern: RegExp;
  readonly step: (match: RegExpExecArray) => Step;
}

/** Each pattern is sticky: it reads one step where the last one ended. */
const syntax: readonly StepSyntax[] = [
  { pattern: /\.?\[\*\]|\.\*/y, step: () => everything },
  { pattern: /\.?\[(-?\d+)\]/y, step: (match) => element(Number(match[1])) },
  {
    pattern: /\.?\[(?:'([^']*)'|"([^"]*)")\]/y,
    step: (match) => member(unescaped(match[1] ?? match[2])),
  },
  {
    pattern: /\.?\[\?\(\s*@(\.[^=!<>\s]+)\s*(==|!=)\s*([^)]*?)\s*\)\]/y,
    step: (match) => filter(match[1] ?? '', match[2] ?? '', literal(match[3] ?? '')),
  },
  { pattern: /\.?((?:\\.|[^.[\]\\])+)/y, step: (match) => member(unescaped(match[1])) },
];

const unescaped = (text = ''): string => text.replaceAll(/\\(.)/g, '$1');

const nothing: Step = () => [];

const parseSteps = (path: string): readonly Step[] => {
  const steps: Step[] = [];
  let position = 0;
  while (position < path.length) {
    const at = position;
    for (const { pattern, step } of syntax) {
      pattern.lastIndex = position;
      const match = pattern.exec(path);
      if (match === null) continue;
      steps.push(step(match));
      position += match[0].length;
      break;
    }
    if (position === at) return [nothing];
  }
  return steps;
};

/**
 * The subset of JSONPath that printer columns use: members, `['name']`, indexes, `[*]` and filters
 * `[?(@.type=="Ready")]`. A path outside it selects nothing.
 */
export const compileJsonPath = (path: string): ((root: unknown) => readonly unknown[]) => {
  const bare = path
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  const steps = bare === '.' ? [] : parseSteps(bare);
  return (root) => steps.reduce<readonly unknown[]>((values, step) => step(values), [root]);
};
