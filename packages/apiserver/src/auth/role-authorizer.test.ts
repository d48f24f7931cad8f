import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const rbac = '/apis/rbac.authorization.k8s.io/v1';
const group = 'rbac.authorization.k8s.io';

let api: TestServer;

before(async () => {
  api = await startTestServer();
  const role = (kind: 'Role' | 'ClusterRole', name: string, rules: unknown) =>
    api.ask('POST', kind === 'Role' ? `${rbac}/namespaces/default/roles` : `${rbac}/clusterroles`, {
      apiVersion: `${group}/v1`,
      kind,
      metadata: { name },
      rules,
    });
  const core = { apiGroups: [''] };
  const made = [
    await role('Role', 'web', [
      { ...core, resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
      { ...core, resources: ['configmaps'], resourceNames: ['mine'], verbs: ['*'] },
    ]),
    await role('ClusterRole', 'nodes', [{ ...core, resources: ['nodes'], verbs: ['get'] }]),
    await api.ask('POST', `${rbac}/namespaces/default/rolebindings`, {
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'web' },
      subjects: [{ kind: 'ServiceAccount', name: 'web', namespace: 'default' }],
      roleRef: { apiGroup: group, kind: 'Role', name: 'web' },
    }),
    await api.ask('POST', `${rbac}/clusterrolebindings`, {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name: 'nodes' },
      subjects: [{ kind: 'Group', name: 'system:serviceaccounts:default' }],
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'nodes' },
    }),
  ];
  for (const { code, text } of made) assert.equal(code, 201, text);
});

after(() => api.close());

const mayWeb = async (resourceAttributes: object): Promise<boolean> => {
  const spec = {
    user: 'system:serviceaccount:default:web',
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default'],
    resourceAttributes,
  };
  const { body } = await api.ask('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec,
  });
  return (body as { status: { allowed: boolean } }).status.allowed;
};

test('a service account may what its roles allow, where they allow it', async () => {
  const rows: readonly [object, boolean][] = [
    [{ verb: 'get', resource: 'pods', namespace: 'default' }, true],
    [{ verb: 'get', resource: 'pods', subresource: 'log', namespace: 'default' }, true],
    [{ verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'default' }, false],
    [{ verb: 'delete', resource: 'pods', namespace: 'default' }, false],
    [{ verb: 'get', resource: 'pods', namespace: 'istio-system' }, false],
    [{ verb: 'list', resource: 'pods' }, false],
    [{ verb: 'get', resource: 'pods', group: 'other', namespace: 'default' }, false],
    [{ verb: 'get', resource: 'secrets', namespace: 'default' }, false],
    [{ verb: 'patch', resource: 'configmaps', name: 'mine', namespace: 'default' }, true],
    [{ verb: 'patch', resource: 'configmaps', name: 'other', namespace: 'default' }, false],
    [{ verb: 'create', resource: 'configmaps', namespace: 'default' }, false],
    [{ verb: 'get', resource: 'nodes' }, true],
    [{ verb: 'list', resource: 'nodes' }, false],
  ];
  for (const [attributes, allowed] of rows)
    assert.equal(await mayWeb(attributes), allowed, JSON.stringify(attributes));
});

test('a right ends with its binding', async () => {
  const pods = { verb: 'get', resource: 'pods', namespace: 'default' };
  await api.ask('DELETE', `${rbac}/namespaces/default/rolebindings/web`);
  assert.equal(await mayWeb(pods), false);
});
