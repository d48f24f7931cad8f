import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import {
  HeaderValueOption_HeaderAppendAction as Action,
  HeaderValueOptionSchema,
} from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';
import { Findings } from './findings.ts';
import type { FormatContext } from './format-context.ts';
import {
  applyHeaderMutation,
  compileHeaderMutations,
  type HeaderList,
  noHeaderMutation,
  orderHeaderMutations,
} from './header-mutation.ts';

class Lines implements HeaderList {
  lines: (readonly [string, string])[];

  constructor(lines: readonly (readonly [string, string])[]) {
    this.lines = [...lines];
  }
  has(name: string): boolean {
    return this.lines.some(([key]) => key === name);
  }
  append(name: string, value: string): void {
    this.lines.push([name, value]);
  }
  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }
  remove(name: string): void {
    this.lines = this.lines.filter(([key]) => key !== name);
  }
}

const seen = { 'x-user': 'jason', 'x-evil': 'a\r\nb: c' } as Readonly<Record<string, string>>;
const context = { requestHeader: (name: string) => seen[name] } as unknown as FormatContext;

const add = (
  key: string,
  value: string,
  appendAction = Action.APPEND_IF_EXISTS_OR_ADD,
  more = {},
) => create(HeaderValueOptionSchema, { header: { key, value }, appendAction, ...more });

const compile = (requestHeadersToAdd: readonly ReturnType<typeof add>[], remove: string[] = []) => {
  const findings = new Findings();
  const { requestHeaders } = compileHeaderMutations(
    {
      requestHeadersToAdd,
      requestHeadersToRemove: remove,
      responseHeadersToAdd: [],
      responseHeadersToRemove: [],
    },
    findings,
    'route',
  );
  return { mutation: requestHeaders, diagnostics: findings.checked(0).diagnostics };
};

test('append actions', () => {
  const before = [['a', '1']] as const;
  const rows: readonly (readonly [ReturnType<typeof add>, string])[] = [
    [add('A', '2'), 'a=1 a=2'],
    [add('b', '2'), 'a=1 b=2'],
    [add('a', '2', Action.ADD_IF_ABSENT), 'a=1'],
    [add('b', '2', Action.ADD_IF_ABSENT), 'a=1 b=2'],
    [add('a', '2', Action.OVERWRITE_IF_EXISTS_OR_ADD), 'a=2'],
    [add('b', '2', Action.OVERWRITE_IF_EXISTS), 'a=1'],
    [add('a', '2', Action.OVERWRITE_IF_EXISTS), 'a=2'],
    [add('a', '2', Action.APPEND_IF_EXISTS_OR_ADD, { append: false }), 'a=2'],
    [add('a', '', Action.OVERWRITE_IF_EXISTS_OR_ADD), 'a=1'],
    [add('a', '', Action.OVERWRITE_IF_EXISTS_OR_ADD, { keepEmptyValue: true }), 'a='],
    [add('b', '%REQ(x-user)%-%%'), 'a=1 b=jason-%'],
    [add('b', '%REQ(x-nope)%'), 'a=1'],
    [add('b', '%REQ(x-evil)%'), 'a=1 b=ab: c'],
    [add('b', '50%%'), 'a=1 b=50%'],
  ];
  for (const [option, expected] of rows) {
    const lines = new Lines(before);
    applyHeaderMutation(lines, compile([option]).mutation, context);
    const printed = lines.lines.map(([key, value]) => `${key}=${value}`).join(' ');
    assert.equal(printed, expected, option.header?.value);
  }
});

test('removals come first', () => {
  const lines = new Lines([['a', '1']]);
  applyHeaderMutation(lines, compile([add('a', '2')], ['A']).mutation, context);
  assert.deepEqual(lines.lines, [['a', '2']]);
});

test('names and values that would break a head are errors', () => {
  for (const [key, value] of [
    ['a b', 'x'],
    ['', 'x'],
    ['a', 'x\r\ny'],
    ['a', '%NOPE%'],
  ] as const) {
    const { diagnostics } = compile([add(key, value)]);
    assert.equal(diagnostics.length, 1, `${key}: ${value}`);
    assert.match(diagnostics[0]?.path ?? '', /^route\.request_headers_to_add\[0\]\.header/);
  }
});

test('the order of levels follows most_specific_header_mutations_wins', () => {
  const [a, b] = [compile([add('a', '1')]).mutation, compile([add('b', '1')]).mutation];
  assert.deepEqual(orderHeaderMutations([undefined, a, noHeaderMutation, b], false), [a, b]);
  assert.deepEqual(orderHeaderMutations([undefined, a, noHeaderMutation, b], true), [b, a]);
});
