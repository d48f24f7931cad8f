import type { AdmissionPlugin } from '@lateen/apiserver';

/**
 * Of a cluster whose control plane is in another: rules that are applied here are kept and count nowhere, as
 * in Istio, which nobody notices who is not told.
 */
export const remoteRulesPlugin = (primary: string): AdmissionPlugin => ({
  name: 'remote-rules',
  admit: ({ operation, group, kind, subresource }) => {
    if (operation === 'DELETE' || subresource !== undefined || !group.endsWith('.istio.io'))
      return {};
    return {
      warnings: [
        `this ${kind} counts nowhere: the control plane of this cluster is in ${primary} and reads its rules there; apply it with --context ${primary}`,
      ],
    };
  },
});
