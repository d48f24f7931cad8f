/** Every command of docs/tutorials is run by some test: offline ones here, with what they print; the others by the end-to-end tests. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { run } from '@lateen/cli';

const root = join(import.meta.dirname, '../..');
const endToEnd = ['test/e2e/*.ts', 'packages/cli/src/commands/live-*.test.ts']
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
  .replaceAll(/\s+/g, ' ')
  .replaceAll(/--context=\S+ /g, '');

/** A command of a document, and the lines that are printed below it; `...` stands for any. */
interface Step {
  readonly command: string;
  readonly printed: readonly string[];
}

const stepsOf = (text: string): readonly Step[] =>
  [...text.matchAll(/```console\n([\s\S]*?)```/g)].flatMap(([, block = '']) => {
    const steps: { command: string; printed: string[] }[] = [];
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ '))
        steps.push({ command: withoutComment(line.slice(2)), printed: [] });
      else steps.at(-1)?.printed.push(line);
    }
    return steps;
  });

const withoutComment = (line: string): string => line.replace(/ +# .*$/, '').trim();

/** Words as a shell splits them. */
const wordsOf = (command: string): readonly string[] =>
  [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? '',
  );

const isOffline = (words: readonly string[]): boolean =>
  (words[1] === 'explain' && words.includes('-f')) ||
  (words[1] === 'analyze' && words.includes('--use-kube=false')) ||
  words[1] === 'validate';

/** Runs a command in a folder of the repository; what a terminal shows. */
const runIn = async (folder: string, words: readonly string[]): Promise<string> => {
  const before = process.cwd();
  let out = '';
  const print = (text: string): void => {
    out += text;
  };
  const output = { out: print, err: print, color: false };
  process.chdir(folder);
  try {
    await run(words, output, {});
  } finally {
    process.chdir(before);
  }
  return out;
};

const checkPrinted = (printed: readonly string[], out: string): void => {
  let rest = out.split('\n');
  for (const line of printed.filter((one) => one !== '...')) {
    const at = rest.indexOf(line);
    assert.ok(at >= 0, `"${line}" is not printed, or not there, in\n${out}`);
    rest = rest.slice(at + 1);
  }
};

/** `customers-{v1,v2}` as a shell expands it. */
const expanded = (words: string): string =>
  words.replaceAll(/(\S*)\{(\w+),(\w+)\}/g, (_, name: string, one: string, other: string) =>
    [one, other].map((end) => `${name}${end}`).join(' '),
  );

const isKubectlTested = (words: string): boolean => {
  const plain = words.replaceAll(/--context=\S+ /g, '').replace(/^-n \S+ /, '');
  const [verb = ''] = plain.split(' ');
  const manifest = /-f (\S+)/.exec(words)?.[1];
  if (manifest === undefined) {
    return [plain, expanded(plain)].some((one) => endToEnd.includes(one));
  }
  // By its name, or as one of a folder.
  const folder = `${basename(dirname(manifest))}/\${file}`;
  const isNamed = endToEnd.includes(basename(manifest, '.yaml')) || endToEnd.includes(folder);
  return isNamed && endToEnd.includes(verb);
};

const isCurlTested = (words: readonly string[]): boolean => {
  const target = words.at(-1) ?? '';
  const header = words[words.indexOf('-H') + 1]?.split(':')[0] ?? '';
  const path = target.replace(/^(http:\/\/)?\$GATEWAY_URL/, '');
  return endToEnd.includes(path) && endToEnd.includes(header);
};

const checkOnline = (command: string, words: readonly string[]): void => {
  const [program, ...rest] = words;
  const tested =
    /^(alias|export|cd)$/.test(program ?? '') ||
    // A file with a placeholder, on its way into kubectl.
    (program === 'sed' && endToEnd.includes(basename(words[2] ?? '', '.yaml'))) ||
    (program === 'kubectl' && isKubectlTested(rest.join(' '))) ||
    (program === 'curl' && isCurlTested(rest)) ||
    (program === 'lateen' && endToEnd.includes(rest[0] ?? ''));
  assert.ok(tested, `no end-to-end test has: ${command}`);
};

const index = 'docs/tutorials/README.md';
const tutorials = globSync('docs/tutorials/*.md', { cwd: root }).filter((file) => file !== index);

for (const file of tutorials.toSorted()) {
  const steps = stepsOf(readFileSync(join(root, file), 'utf8'));

  test(`${file}: every command is run by a test`, () => {
    assert.ok(steps.length > 5);
    for (const { command } of steps) {
      const words = wordsOf(command);
      if (!(words[0] === 'lateen' && isOffline(words))) checkOnline(command, words);
    }
  });

  test(`${file}: offline commands print what it says`, async () => {
    let folder = root;
    for (const { command, printed } of steps) {
      const words = wordsOf(command);
      if (words[0] === 'cd') folder = join(folder, words[1] ?? '');
      if (words[0] !== 'lateen' || !isOffline(words)) continue;
      checkPrinted(printed, await runIn(folder, words.slice(1)));
    }
  });
}
