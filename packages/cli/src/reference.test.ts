/** docs/reference-cli.md has every command and option there is, as the command line itself knows them. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command, Option } from 'commander';
import { createProgram } from './program.ts';

const path = join(import.meta.dirname, '../../../docs/reference-cli.md');
const start =
  '<!-- from here on: UPDATE_GOLDEN=1 node --test packages/cli/src/reference.test.ts -->';

const silent = { out: (): void => {}, err: (): void => {}, color: false };

const optionLine = ({ flags, description, argChoices, defaultValue }: Option): string => {
  const choices = argChoices === undefined ? '' : `; one of ${argChoices.join(', ')}`;
  const value = Array.isArray(defaultValue) ? defaultValue.join(' ') : String(defaultValue ?? '');
  const shown = value === '' || value === 'false' ? '' : `; default ${value}`;
  return `| \`${flags.replaceAll('|', '\\|')}\` | ${description.replaceAll('|', '\\|')}${choices}${shown} |`;
};

const sectionOf = (command: Command, parents: readonly string[]): readonly string[] => {
  const names = [...parents, command.name()];
  const below = command.commands.filter((one) => !hidden(one));
  const own = command.options.filter((option) => !option.hidden);
  const others = command.aliases().map((alias) => `\`${alias}\``);
  const title = [...names, ...command.registeredArguments.map(argumentText)].join(' ');
  const heading = [
    '',
    `### \`${title}\``,
    `${command.description()}${others.length === 0 ? '' : ` (also ${others.join(', ')})`}`,
  ];
  const options = own.length === 0 ? [] : ['', '| option | |', '|---|---|', ...own.map(optionLine)];
  const isGroup = below.length > 0 && own.length === 0;
  return [
    ...(isGroup ? [] : [...heading, ...options]),
    ...below.flatMap((one) => sectionOf(one, names)),
  ];
};

const hidden = (command: Command): boolean => Reflect.get(command, '_hidden') === true;

const argumentText = (argument: Command['registeredArguments'][number]): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

test('the reference is what the command line has', () => {
  const made = [start, ...sectionOf(createProgram(silent, {}), []), ''].join('\n');
  const text = readFileSync(path, 'utf8');
  const written = text.slice(0, text.indexOf(start));
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, `${written}${made}`);
  assert.ok(text.includes(start), 'the document marks where it is generated');
  const hint = 'make it anew: UPDATE_GOLDEN=1 node --test packages/cli/src/reference.test.ts';
  assert.equal(readFileSync(path, 'utf8'), `${written}${made}`, hint);
});
