import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseKubernetesYaml } from './kubernetes-yaml.ts';

const rows: readonly (readonly [text: string, value: unknown])[] = [
  ['on', true],
  ['yes', true],
  ['off', false],
  ['~', null],
  ['.', '.'],
  ['e5', 'e5'],
  ['.e5', '.e5'],
  ['1e3', 1000],
  ['1.5', 1.5],
  ['.5', 0.5],
  ['1.', 1],
  ['014', 12],
  ['0x10', 16],
  ['12:30:45', '12:30:45'],
  ['2026-11-21', '2026-11-21'],
  ['10.0.0.1', '10.0.0.1'],
  ['.inf', Number.POSITIVE_INFINITY],
  ['"."', '.'],
];
for (const [text, value] of rows)
  test(`${text} is read as kubectl reads it`, () => {
    const [document] = parseKubernetesYaml(`a: ${text}\n`);
    assert.deepEqual(document?.toJS(), { a: value });
  });
