/**
 * RE2 expressions that the native engine runs in linear time with the same meaning.
 *
 * Accepted: literals, `.`, classes of plain characters, groups without unbounded repetition inside,
 * alternation, `?`, small bounded repetition. The proof of linearity, for a match anchored on both
 * sides: every unbounded repetition but the last is followed by a literal that it cannot itself
 * consume, so it has one place to stop; the last has at most n, each followed by a bounded tail; and
 * the product of all bounded choices is limited. Everything else stays with RE2.
 */

/** Bound on the product of bounded choices: `(a|b)`, `x?`, `x{1,3}`. */
const maxChoices = 64;

interface Atom {
  readonly source: string;
  /** Native test for one character; undefined for groups. */
  readonly set: RegExp | undefined;
  /** The character itself, for plain literals. */
  readonly literal: string | undefined;
}

interface Cursor {
  readonly text: string;
  at: number;
  choices: number;
  depth: number;
}

/** Thrown nowhere: a sentinel for "leave it to RE2". */
const refuse = undefined;

const plain = /^[A-Za-z0-9_/\-:;,=~@!%&'"<> #`]$/;
const escapable = /^[.\\+*?()[\]{}|^$/-]$/;
const classes: Readonly<Record<string, string>> = {
  d: '0-9',
  w: '0-9A-Za-z_',
  s: '\\t\\n\\f\\r ',
};

const quote = (character: string): string =>
  /[A-Za-z0-9_]/.test(character)
    ? character
    : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

const setAtom = (source: string): Atom => ({
  source,
  set: new RegExp(`^${source}$`, 'u'),
  literal: undefined,
});

const literalAtom = (character: string): Atom => ({
  source: quote(character),
  set: undefined,
  literal: character,
});

/** One member of a class: a character, or the inside of `\d`, `\w`, `\s`. */
const readMember = (cursor: Cursor): { text: string; single: boolean } | undefined => {
  const character = cursor.text[cursor.at++];
  if (character === undefined) return refuse;
  if (character !== '\\') {
    const allowed = plain.test(character) || /^[.+*?(){}|$]$/.test(character);
    return allowed ? { text: character, single: true } : refuse;
  }
  const escaped = cursor.text[cursor.at++] ?? '';
  const inside = Object.hasOwn(classes, escaped) ? classes[escaped] : undefined;
  if (inside !== undefined) return { text: inside, single: false };
  return escapable.test(escaped) ? { text: escaped, single: true } : refuse;
};

/** One member or range of a class, translated. */
const readClassPart = (cursor: Cursor): string | undefined => {
  const low = readMember(cursor);
  if (low === refuse || !low.single) return low?.text;
  const rest = cursor.text.slice(cursor.at, cursor.at + 2);
  if (rest.length < 2 || rest[0] !== '-' || rest[1] === ']') return quote(low.text);
  cursor.at++;
  const high = readMember(cursor);
  if (high === refuse || !high.single || high.text < low.text) return refuse;
  return `${quote(low.text)}-${quote(high.text)}`;
};

const readClass = (cursor: Cursor): Atom | undefined => {
  const negated = cursor.text[cursor.at] === '^';
  if (negated) cursor.at++;
  let inside = '';
  while (cursor.text[cursor.at] !== ']') {
    const part = readClassPart(cursor);
    if (part === refuse) return refuse;
    inside += part;
  }
  cursor.at++;
  return inside === '' ? refuse : setAtom(`[${negated ? '^' : ''}${inside}]`);
};

const readEscape = (cursor: Cursor): Atom | undefined => {
  const escaped = cursor.text[cursor.at++] ?? '';
  const lower = escaped.toLowerCase();
  if (Object.hasOwn(classes, lower)) {
    return setAtom(`[${escaped === lower ? '' : '^'}${classes[lower]}]`);
  }
  return escapable.test(escaped) ? literalAtom(escaped) : refuse;
};

const readGroup = (cursor: Cursor): Atom | undefined => {
  if (cursor.text[cursor.at] === '?') {
    if (cursor.text[cursor.at + 1] !== ':') return refuse;
    cursor.at += 2;
  }
  cursor.depth++;
  const inside = readAlternatives(cursor);
  cursor.depth--;
  if (inside === refuse || cursor.text[cursor.at] !== ')') return refuse;
  cursor.at++;
  return { source: `(?:${inside})`, set: undefined, literal: undefined };
};

const readAtom = (cursor: Cursor): Atom | undefined => {
  const character = cursor.text[cursor.at++] ?? '';
  if (character === '.') return setAtom('[^\\n]');
  if (character === '[') return readClass(cursor);
  if (character === '\\') return readEscape(cursor);
  if (character === '(') return readGroup(cursor);
  return plain.test(character) ? literalAtom(character) : refuse;
};

interface Repetition {
  readonly source: string;
  readonly unbounded: boolean;
}

const simple: Readonly<Record<string, Repetition>> = {
  '*': { source: '*', unbounded: true },
  '+': { source: '+', unbounded: true },
  '?': { source: '?', unbounded: false },
};

const readBraces = (cursor: Cursor): Repetition | undefined => {
  const braces = /^\{([0-9]{1,2})(,([0-9]{0,2}))?\}/.exec(cursor.text.slice(cursor.at));
  if (braces === null) return refuse;
  cursor.at += braces[0].length;
  const low = Number(braces[1]);
  if (braces[2] === undefined) return { source: braces[0], unbounded: false };
  if (braces[3] === '') return { source: braces[0], unbounded: true };
  cursor.choices *= Math.max(1, Number(braces[3]) - low + 1);
  return { source: braces[0], unbounded: false };
};

/** Undefined: refused. Null: no repetition. */
const readRepetition = (cursor: Cursor): Repetition | null | undefined => {
  const character = cursor.text[cursor.at] ?? '';
  let repetition: Repetition | undefined;
  if (character === '{') repetition = readBraces(cursor);
  else if (Object.hasOwn(simple, character)) {
    repetition = simple[character];
    cursor.at++;
    if (character === '?') cursor.choices *= 2;
  } else return null;
  // Laziness changes which match is found, not whether there is a full one.
  if (cursor.text[cursor.at] === '?') cursor.at++;
  return /[*+?{]/.test(cursor.text[cursor.at] ?? '') ? refuse : repetition;
};

interface Step {
  readonly atom: Atom;
  readonly repetition: Repetition | null;
}

const readStep = (cursor: Cursor): Step | undefined => {
  const atom = readAtom(cursor);
  if (atom === refuse) return refuse;
  const repetition = readRepetition(cursor);
  if (repetition === undefined) return refuse;
  const isGroup = atom.set === undefined && atom.literal === undefined;
  const unsafe = repetition !== null && isGroup && repetition.source !== '?';
  return unsafe || (repetition?.unbounded && cursor.depth > 0) ? refuse : { atom, repetition };
};

const canConsume = (atom: Atom, character: string): boolean =>
  atom.literal === undefined ? (atom.set?.test(character) ?? true) : atom.literal === character;

/** Whether every unbounded repetition but the last has one place to stop. */
const isLinear = (steps: readonly Step[]): boolean => {
  const last = steps.findLastIndex((step) => step.repetition?.unbounded);
  return steps.every((step, index) => {
    if (!step.repetition?.unbounded || index === last) return true;
    const next = steps[index + 1];
    if (next?.atom.literal === undefined || next.repetition !== null) return false;
    return !canConsume(step.atom, next.atom.literal);
  });
};

const readSequence = (cursor: Cursor): string | undefined => {
  const steps: Step[] = [];
  while (cursor.at < cursor.text.length && !/[|)]/.test(cursor.text[cursor.at] ?? '')) {
    const step = readStep(cursor);
    if (step === refuse) return refuse;
    steps.push(step);
  }
  if (!isLinear(steps)) return refuse;
  return steps.map(({ atom, repetition }) => atom.source + (repetition?.source ?? '')).join('');
};

function readAlternatives(cursor: Cursor): string | undefined {
  let source = readSequence(cursor);
  let alternatives = 1;
  while (source !== refuse && cursor.text[cursor.at] === '|') {
    cursor.at++;
    const next = readSequence(cursor);
    source = next === refuse ? refuse : `${source}|${next}`;
    alternatives++;
  }
  cursor.choices *= alternatives;
  return source;
}

/** The native equivalent for full matches, or undefined when it is not provably linear and equal. */
export const translateToNative = (source: string): RegExp | undefined => {
  const text = source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  const cursor: Cursor = { text, at: 0, choices: 1, depth: 0 };
  // An anchor inside an alternative binds to that alternative only.
  if (text !== source && text.includes('|')) return undefined;
  const native = readAlternatives(cursor);
  if (native === undefined || cursor.at < text.length || cursor.choices > maxChoices) {
    return undefined;
  }
  return new RegExp(`^(?:${native})$`, 'u');
};
