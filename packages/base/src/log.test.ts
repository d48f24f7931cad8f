import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './clock.ts';
import { type Diagnostic, formatDiagnostic, hasErrors } from './diagnostic.ts';
import { createLogger } from './log.ts';

test('writes one JSON line an event, with the fields bound above it', () => {
  const lines: string[] = [];
  const log = createLogger({ clock: new ManualClock(0), sink: (line) => lines.push(line) });
  log.debug('too fine');
  log.child({ proxy: 'a' }).child({ type: 'CDS' }).warn('refused', { type: 'LDS', count: 2 });
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.endsWith('\n'));
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    message: 'refused',
    proxy: 'a',
    type: 'LDS',
    count: 2,
  });
});

const base: Diagnostic = {
  severity: 'warning',
  code: 'FieldRequired',
  message: 'must not be empty',
};

for (const [name, diagnostic, text] of [
  ['a finding alone', base, 'must not be empty (FieldRequired)'],
  [
    'with its field',
    { ...base, path: 'spec.hosts' },
    'spec.hosts: must not be empty (FieldRequired)',
  ],
  [
    'with its place',
    { ...base, path: 'spec.hosts', position: { file: 'a.yaml', line: 3, column: 5 } },
    'a.yaml:3:5: spec.hosts: must not be empty (FieldRequired)',
  ],
  [
    'from text without a name',
    { ...base, position: { line: 3, column: 5 } },
    '<input>:3:5: must not be empty (FieldRequired)',
  ],
] as const) {
  test(`prints ${name}`, () => assert.equal(formatDiagnostic(diagnostic), text));
}

test('only errors count as errors', () => {
  assert.equal(hasErrors([base]), false);
  assert.equal(hasErrors([base, { ...base, severity: 'error' }]), true);
});
