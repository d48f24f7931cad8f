import type { KubeObject, PolicyRule } from '@lateen/api';

const namespace = 'istio-system';
const group = 'rbac.authorization.k8s.io';
const apiVersion = `${group}/v1`;

/** A set of rules and the one service account of istio-system that has them. */
interface Grant {
  readonly kind: 'Role' | 'ClusterRole';
  readonly name: string;
  readonly serviceAccount: string;
  readonly rules: readonly PolicyRule[];
}

const grant = ({ kind, name, serviceAccount, rules }: Grant): readonly KubeObject[] => {
  const metadata = {
    name,
    ...(kind === 'Role' && { namespace }),
    labels: { app: serviceAccount, release: 'istio' },
  };
  return [
    { apiVersion, kind, metadata, rules } as KubeObject,
    {
      apiVersion,
      kind: `${kind}Binding`,
      metadata,
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
      roleRef: { apiGroup: group, kind, name },
    } as KubeObject,
  ];
};

/**
 * What istiod may: read everything, ask who a token speaks for and what others may, write the roots
 * of the mesh into its own ConfigMaps, keep the WorkloadEntries of proxies that register themselves,
 * and create and renew the Secret of a self-signed authority.
 */
const pilotGrants: readonly Grant[] = [
  {
    kind: 'ClusterRole',
    name: 'istiod-clusterrole-istio-system',
    serviceAccount: 'istiod',
    rules: [
      { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
      {
        apiGroups: ['authorization.k8s.io'],
        resources: ['subjectaccessreviews'],
        verbs: ['create'],
      },
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['istio-ca-root-cert'],
        verbs: ['patch'],
      },
      {
        apiGroups: ['networking.istio.io'],
        resources: ['workloadentries', 'workloadentries/status'],
        verbs: ['create', 'patch', 'delete'],
      },
    ],
  },
  {
    kind: 'Role',
    name: 'istiod',
    serviceAccount: 'istiod',
    rules: [
      { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['istio-ca-secret'],
        verbs: ['update'],
      },
    ],
  },
];

/** Account with which control planes of other clusters read this one (Istio's name and rights). */
export const readerAccount = 'istio-reader-service-account';

const readerGrant = (rules: readonly PolicyRule[]): Grant => ({
  kind: 'ClusterRole',
  name: 'istio-reader-clusterrole-istio-system',
  serviceAccount: readerAccount,
  rules: [
    ...rules,
    {
      apiGroups: [''],
      resources: ['endpoints', 'pods', 'services', 'nodes', 'namespaces'],
      verbs: ['get', 'list', 'watch'],
    },
    {
      apiGroups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      verbs: ['get', 'list', 'watch'],
    },
    // Not for control planes, which have rules of their own: tools follow requests into this cluster.
    {
      apiGroups: ['networking.istio.io', 'security.istio.io', 'telemetry.istio.io'],
      resources: ['*'],
      verbs: ['get', 'list', 'watch'],
    },
  ],
});

/**
 * What the control plane of another cluster may besides, where it is this one's too: ask who a token speaks
 * for and what others may, hand gateways their Secrets, and write the roots of the mesh.
 */
const controllerRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  {
    apiGroups: [''],
    resources: ['configmaps'],
    resourceNames: ['istio-ca-root-cert'],
    verbs: ['patch'],
  },
];

/** Gateways have the certificates of their own namespace, by way of istiod (Istio's `-sds` roles). */
const gatewayGrant = (name: string): Grant => ({
  kind: 'Role',
  name: `${name}-sds`,
  serviceAccount: `${name}-service-account`,
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get', 'watch', 'list'] }],
});

/**
 * Roles and bindings of istio-system: service accounts without one may nothing at all. `isElsewhere`: the
 * control plane is in another cluster.
 */
export const istioRoles = (isElsewhere: boolean): readonly KubeObject[] =>
  [
    ...(isElsewhere ? [] : pilotGrants),
    readerGrant(isElsewhere ? controllerRules : []),
    gatewayGrant('istio-ingressgateway'),
    ...(isElsewhere ? [] : [gatewayGrant('istio-egressgateway')]),
  ].flatMap(grant);
