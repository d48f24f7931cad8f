import type { Pod } from '@lateen/api';
import { resources } from '@lateen/kube';
import type { KubeletContext } from './kubelet-context.ts';

/** Says of a pod whose images may be real programs or parts of Lateen which of them run. */
const annotation = 'lateen.dev/answered-by';

/**
 * Brings the pod's annotation `lateen.dev/answered-by` up to date: `container: who` for each such container, `; ` between.
 * Other pods are left alone. Rejects with KubeError.
 */
export const annotateAnswers = async (
  { metadata, spec }: Pod,
  { client, catalog }: KubeletContext,
): Promise<void> => {
  const answers = spec.containers.flatMap(({ name, image = '' }) => {
    const who = catalog.find(image)?.program?.answeredBy?.();
    return who === undefined ? [] : [`${name}: ${who}`];
  });
  const text = answers.join('; ');
  if (text === '' || metadata.annotations?.[annotation] === text) return;
  const { name, namespace = 'default' } = metadata;
  const body = { metadata: { annotations: { [annotation]: text } } };
  await client.patch(resources.pods, { kind: 'merge', name, namespace, body });
};
