import type { Volume, VolumeMount } from '@lateen/api';

/** Audience of the token that a proxy authenticates with to istiod, and its life (Istio's values). */
const tokenAudience = 'istio-ca';
const tokenSeconds = 43_200;

const rootsVolume = 'istiod-ca-cert';
const tokenVolume = 'istio-token';

/**
 * What a proxy needs to get its certificate, under Istio's names: the roots of the mesh and a service
 * account token. The roots may come after the pod: the proxy waits for them itself.
 */
export const proxyVolumes: readonly Volume[] = [
  { name: rootsVolume, configMap: { name: 'istio-ca-root-cert', optional: true } },
  {
    name: tokenVolume,
    projected: {
      sources: [
        {
          serviceAccountToken: {
            audience: tokenAudience,
            expirationSeconds: tokenSeconds,
            path: 'istio-token',
          },
        },
      ],
    },
  },
];

/** Where the proxy's container has them. */
export const proxyVolumeMounts: readonly VolumeMount[] = [
  { name: rootsVolume, mountPath: '/var/run/secrets/istio' },
  { name: tokenVolume, mountPath: '/var/run/secrets/tokens', readOnly: true },
];
