import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushOf } from '../testing/test-mesh.ts';
import {
  namespaceMutualTls,
  portMutualTls,
  workloadMutualTls,
} from './peer-authentication-index.ts';

/** Policies as lines, oldest first: `namespace selector mode port=mode...`; `-` for none. */
const policies = (lines: readonly string[]): string =>
  lines
    .map((line, index) => {
      const [namespace, selector, mode, ...ports] = line.split(' ');
      const levels = ports.map((port) => `"${port.replace('=', '": { mode: ')} }`).join(', ');
      return `
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p${index}, namespace: ${namespace} }
spec:
${selector === '-' ? '' : `  selector: { matchLabels: { app: ${selector} } }`}
${mode === '-' ? '' : `  mtls: { mode: ${mode} }`}
${levels === '' ? '' : `  portLevelMtls: { ${levels} }`}
  ${selector === '-' && mode === '-' ? '{}' : ''}
`;
    })
    .join('');

test('the narrowest policy wins, the oldest of its level; UNSET inherits', () => {
  const rows: readonly (readonly [string, readonly string[], string])[] = [
    ['nothing said', [], 'PERMISSIVE PERMISSIVE'],
    ['the mesh', ['istio-system - STRICT'], 'STRICT STRICT'],
    ['the mesh, unset', ['istio-system - UNSET'], 'PERMISSIVE PERMISSIVE'],
    ['a namespace', ['istio-system - STRICT', 'default - DISABLE'], 'DISABLE DISABLE'],
    ['another namespace', ['other - STRICT'], 'PERMISSIVE PERMISSIVE'],
    ['a namespace that inherits', ['istio-system - STRICT', 'default - UNSET'], 'STRICT STRICT'],
    ['a namespace without mtls', ['istio-system - STRICT', 'default - -'], 'STRICT STRICT'],
    [
      'the oldest of the mesh',
      ['istio-system - STRICT', 'istio-system - DISABLE'],
      'STRICT STRICT',
    ],
    ['the oldest of a namespace', ['default - STRICT', 'default - DISABLE'], 'STRICT STRICT'],
    ['a workload', ['default - STRICT', 'default reviews PERMISSIVE'], 'PERMISSIVE PERMISSIVE'],
    [
      'the oldest of a workload',
      ['default reviews STRICT', 'default reviews DISABLE'],
      'STRICT STRICT',
    ],
    [
      'an unset oldest still hides others',
      ['default reviews UNSET', 'default reviews STRICT'],
      'PERMISSIVE PERMISSIVE',
    ],
    ['another workload', ['default ratings STRICT'], 'PERMISSIVE PERMISSIVE'],
    ['a selector in the root namespace', ['istio-system reviews STRICT'], 'PERMISSIVE PERMISSIVE'],
    ['a port', ['default - STRICT', 'default reviews UNSET 9080=DISABLE'], 'STRICT DISABLE'],
    ['a port that inherits', ['default reviews STRICT 9080=UNSET'], 'STRICT STRICT'],
    ['another port', ['default reviews STRICT 8080=DISABLE'], 'STRICT STRICT'],
  ];
  for (const [name, lines, expected] of rows) {
    const push = pushOf(policies(lines));
    assert.deepEqual(push.diagnostics, [], name);
    const labels = new Map([['app', 'reviews']]);
    const modes = workloadMutualTls(push.peerAuthentications, { namespace: 'default', labels });
    assert.equal(`${modes.mode} ${portMutualTls(modes, 9080)}`, expected, name);
  }
});

test('what a namespace says, for clients that know no more', () => {
  const modeOf = (...lines: string[]) =>
    namespaceMutualTls(pushOf(policies(lines)).peerAuthentications, 'default');
  assert.equal(modeOf(), undefined);
  assert.equal(modeOf('default reviews DISABLE'), undefined);
  assert.equal(modeOf('istio-system - STRICT'), 'STRICT');
  assert.equal(modeOf('istio-system - STRICT', 'default - DISABLE'), 'DISABLE');
});
