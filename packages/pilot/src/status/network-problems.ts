import type { PushContext } from '@lateen/translator';

const networkLabel = 'topology.istio.io/network';

type Registry = PushContext['registries'][number];

const says = (what: string): string => `${what} (label ${networkLabel} of the root namespace)`;

/** How workloads of another cluster are reached, where that is hardly what was meant. */
const reachProblem = (push: PushContext, own: Registry, other: Registry): string | undefined => {
  const { network } = other;
  if (network === own.network) return undefined;
  if (network === '')
    return `${says('it does not say on which network it is')}: its workloads are called directly`;
  if (own.network === '')
    return `${says(`cluster "${own.clusterId}" does not say on which network it is`)}: workloads on "${network}" are called directly, past its gateway`;
  return (push.networkGateways.get(network) ?? []).length > 0
    ? undefined
    : `network "${network}" has no gateway (a Service with the label ${networkLabel}=${network}, an external address and port 15443): its workloads are called directly`;
};

const hasWorkloadsOn = ({ workloads }: Registry, network: string): boolean =>
  [...workloads.values()].some(({ labels }) => labels.get(networkLabel) === network);

/** A gateway passes on to workloads of its own network only: one that leads into another is a dead end. */
const gatewayProblem = (push: PushContext, registry: Registry): string | undefined => {
  for (const [network, gateways] of push.networkGateways) {
    const wrong = gateways.find(({ clusterId }) => clusterId === registry.clusterId);
    const isRight = registry.network === network || hasWorkloadsOn(registry, network);
    if (wrong !== undefined && !isRight)
      return `its gateway ${wrong.address}:${wrong.port} has the label ${networkLabel}=${network}, and nothing here is on that network: calls into "${network}" fail there`;
  }
  return undefined;
};

/** By cluster id, what users of several networks trip over; clusters without trouble are left out. */
export const networkProblems = (push: PushContext): ReadonlyMap<string, string> => {
  const [own, ...others] = push.registries;
  if (own === undefined || others.length === 0) return new Map();
  const problems = new Map<string, string>();
  for (const registry of push.registries) {
    const reach = registry === own ? undefined : reachProblem(push, own, registry);
    const problem = gatewayProblem(push, registry) ?? reach;
    if (problem !== undefined) problems.set(registry.clusterId, problem);
  }
  return problems;
};
