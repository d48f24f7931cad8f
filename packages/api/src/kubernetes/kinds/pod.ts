import type { ResourceKind } from '../../resource-kind.ts';
import { looseStatusSchema } from '../schema/part.ts';
import { podSpecSchema } from '../schema/pod-spec.ts';
import { coreKind } from './core-kind.ts';

/** core/v1 Pod. */
export const podKind: ResourceKind = coreKind({
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  properties: { spec: podSpecSchema, status: looseStatusSchema },
  required: ['spec'],
  statusSubresource: true,
});
