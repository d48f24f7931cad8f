import type { Config } from '../input/config.ts';
import type { Telemetry } from '../input/telemetry.ts';
import type { PushContext } from '../push-context/push-context.ts';
import { appliesTo, type PolicySubject } from '../security/policy-selection.ts';

const isSelective = ({ spec }: Config<Telemetry>): boolean =>
  (spec.selector?.matchLabels.size ?? 0) > 0 ||
  spec.targetRefs.length > 0 ||
  spec.targetRef !== undefined;

/** The oldest that is for the whole of a namespace. */
const ofNamespace = (push: PushContext, namespace: string): readonly Config<Telemetry>[] => {
  const found = push.telemetries.get(namespace)?.find((config) => !isSelective(config));
  return found === undefined ? [] : [found];
};

/**
 * What counts for a proxy, least specific first: the mesh's (in the root namespace), its namespace's, and
 * those of its namespace that select it or refer to its Gateways, oldest first.
 */
export const applicableTelemetries = (
  push: PushContext,
  subject: PolicySubject,
): readonly Telemetry[] => {
  const { rootNamespace } = push.meshConfig;
  const selecting = (push.telemetries.get(subject.namespace) ?? []).filter(
    (config) => isSelective(config) && appliesTo(config, subject),
  );
  return [
    ...ofNamespace(push, rootNamespace),
    ...(subject.namespace === rootNamespace ? [] : ofNamespace(push, subject.namespace)),
    ...selecting,
  ].map(({ spec }) => spec);
};
