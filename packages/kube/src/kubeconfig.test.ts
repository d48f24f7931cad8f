import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKubeError } from './kube-error.ts';
import { parseKubeConfig } from './kubeconfig.ts';

const config = `
apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c
  cluster: { server: "https://127.0.0.1:6443", certificate-authority-data: ${btoa('CA PEM')} }
contexts:
- name: one
  context: { cluster: c, user: u, namespace: shop }
- name: two
  context: { cluster: missing, user: u }
users:
- name: u
  user: { token: secret }
`;

test('reads the current context', () => {
  assert.deepEqual(parseKubeConfig(config), {
    server: 'https://127.0.0.1:6443',
    certificateAuthority: 'CA PEM',
    token: 'secret',
    namespace: 'shop',
    insecureSkipTlsVerify: false,
    context: 'one',
  });
});

for (const [name, text, context, words] of [
  ['a context that does not exist', config, 'three', /contexts has no entry named "three"/],
  ['a cluster that does not exist', config, 'two', /clusters has no entry named "missing"/],
  ['text that is no YAML', 'a: [', 'one', /not YAML/],
  ['a list', '[]', 'one', /must be a mapping/],
] as const) {
  test(`says what is wrong with ${name}`, () => {
    assert.throws(
      () => parseKubeConfig(text, { context }),
      (error) => isKubeError(error, 'bad-config') && words.test(String(error)),
    );
  });
}
