import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runWords } from '../testing/run-words.ts';

const network = 'type.googleapis.com/envoy.extensions.filters.network';
const http = 'type.googleapis.com/envoy.extensions.filters.http';

const policies = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, { permissions: [{ any: true }] }]));

const httpRbac = (rules: object) => ({
  name: 'envoy.filters.http.rbac',
  typed_config: { '@type': `${http}.rbac.v3.RBAC`, rules },
});

const chain = {
  filters: [
    {
      name: 'envoy.filters.network.rbac',
      typed_config: {
        '@type': `${network}.rbac.v3.RBAC`,
        rules: { action: 'DENY', policies: policies('ns[a]-policy[no-tcp]-rule[0]') },
      },
    },
    {
      name: 'envoy.filters.network.http_connection_manager',
      typed_config: {
        '@type': `${network}.http_connection_manager.v3.HttpConnectionManager`,
        http_filters: [
          httpRbac({ action: 'LOG', policies: policies('ns[a]-policy[audit]-rule[0]') }),
          httpRbac({
            policies: policies(
              'ns[b]-policy[viewers]-rule[0]',
              'ns[b]-policy[viewers]-rule[1]',
              'ns[a]-policy[admins]-rule[0]',
            ),
          }),
          {
            name: 'envoy.filters.http.rbac',
            typed_config: {
              '@type': `${http}.rbac.v3.RBAC`,
              shadow_rules: { policies: policies('ns[a]-policy[dry]-rule[0]') },
            },
          },
          {
            name: 'envoy.filters.http.router',
            typed_config: { '@type': `${http}.router.v3.Router` },
          },
        ],
      },
    },
  ],
};

const dumpOf = (chains: readonly object[]) => ({
  configs: [
    {
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      dynamic_listeners: [
        { name: 'a', active_state: { listener: { name: 'a', filter_chains: chains } } },
        { name: 'b', active_state: { listener: { name: 'b', default_filter_chain: chains[0] } } },
      ],
    },
  ],
});

const check = async (chains: readonly object[], ...words: readonly string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'lateen-authz-'));
  try {
    const file = join(folder, 'dump.json');
    writeFileSync(file, JSON.stringify(dumpOf(chains)));
    return await runWords([...words, 'authz', 'check', '--file', file]);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('policies by action, each with the number of its rules, once for all listeners', async () => {
  for (const words of [[], ['x'], ['experimental']]) {
    const { code, out } = await check([chain], ...words);
    assert.equal(code, 0);
    assert.deepEqual(out.split('\n'), [
      'ACTION   AuthorizationPolicy   RULES',
      'DENY     no-tcp.a              1',
      'ALLOW    admins.a              1',
      'ALLOW    viewers.b             2',
      'LOG      audit.a               1',
      '',
    ]);
  }
});

test('rules without a policy let nobody in; no rules, only the head', async () => {
  const nobody = { filters: [{ typed_config: httpRbac({}).typed_config }] };
  assert.match((await check([nobody])).out, /^ALLOW {4}_anonymous_match_nothing_ {3}1$/m);
  assert.equal((await check([{}])).out, 'ACTION   AuthorizationPolicy   RULES\n');
});

test('a pod or a file must be named', async () => {
  const { code, err } = await runWords(['authz', 'check']);
  assert.equal(code, 1);
  assert.match(err, /name a pod, or a file with --file/);
});
