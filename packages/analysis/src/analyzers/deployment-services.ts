import { type Deployment, hasLabels, type Service } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, fullName, namespaceOf } from '../context/analysis-context.ts';
import { deploymentFacts, isInMesh } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { deploymentAssociatedToMultipleServices, deploymentConflictingPorts } from '../message.ts';

/** One port of one service that selects the pods of a deployment. */
interface UsedPort {
  readonly service: string;
  readonly port: number;
  readonly protocol: string;
  readonly targetPort: string;
}

const selectsPods = ({ spec }: Service, { spec: { template } }: Deployment): boolean => {
  const { selector = {} } = spec ?? {};
  return Object.keys(selector).length > 0 && hasLabels(template.metadata?.labels, selector);
};

const usedPorts = (deployment: Deployment, { services }: AnalysisContext): readonly UsedPort[] =>
  services
    .filter((service) => namespaceOf(service) === namespaceOf(deployment))
    .filter((service) => selectsPods(service, deployment))
    .flatMap((service) =>
      (service.spec?.ports ?? []).map(({ port, protocol = 'TCP', targetPort }) => ({
        service: fullName(service),
        port,
        protocol,
        targetPort: String(targetPort === undefined || targetPort === 0 ? port : targetPort),
      })),
    );

const protocolConflicts = (
  deployment: Deployment,
  ports: readonly UsedPort[],
): readonly Finding[] =>
  [...Map.groupBy(ports, ({ port }) => port)].flatMap(([port, users]) => {
    if (new Set(users.map(({ protocol }) => protocol)).size < 2) return [];
    const services = users.map(({ service }) => service).sort();
    const { name } = deployment.metadata;
    const message = deploymentAssociatedToMultipleServices(name, port, services);
    return [finding(deployment, message, 'metadata.name')];
  });

const targetConflicts = (deployment: Deployment, ports: readonly UsedPort[]): readonly Finding[] =>
  [...Map.groupBy(ports, ({ targetPort }) => targetPort)].flatMap(([targetPort, users]) => {
    const byPort = new Map(users.map(({ port, service }) => [port, service]));
    if (byPort.size < 2) return [];
    const message = deploymentConflictingPorts({
      deployment: deployment.metadata.name,
      services: [...byPort.values()].sort(),
      targetPort,
      ports: [...byPort.keys()].sort((a, b) => a - b),
    });
    return [finding(deployment, message, 'metadata.name')];
  });

/** Services of the same pods agree on what a port is. */
export const deploymentServices: Analyzer = {
  name: 'deployment.MultiServiceAnalyzer',
  description: 'Checks association between services and pods',
  analyze: (context) =>
    context.deployments.flatMap((deployment) => {
      const namespace = context.namespaces.get(namespaceOf(deployment));
      if (!isInMesh(deploymentFacts(deployment, namespace))) return [];
      const ports = usedPorts(deployment, context);
      return [...protocolConflicts(deployment, ports), ...targetConflicts(deployment, ports)];
    }),
};
