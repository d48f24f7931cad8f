import { type Gateway, hasLabels, type Service } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { firstLabel, selectorText } from '../context/label-text.ts';
import type { Workload } from '../context/workload.ts';
import { type Finding, finding } from '../finding.ts';
import { gatewayPortNotDefinedOnService, referencedResourceNotFound } from '../message.ts';

/** Workloads a Gateway configures. */
export const gatewayWorkloads = (
  { spec }: Gateway,
  { workloads }: AnalysisContext,
): readonly Workload[] => workloads.filter(({ labels }) => hasLabels(labels, spec.selector ?? {}));

const selects = (service: Service, { labels, namespace }: Workload): boolean => {
  const { selector = {} } = service.spec ?? {};
  return (
    namespaceOf(service) === namespace &&
    Object.keys(selector).length > 0 &&
    hasLabels(labels, selector)
  );
};

/** Ports a client can reach the workloads at, as the Service or as the pod numbers them. */
const servedPorts = (
  workloads: readonly Workload[],
  { services }: AnalysisContext,
): ReadonlySet<number> =>
  new Set(
    services
      .filter((service) => workloads.some((workload) => selects(service, workload)))
      .flatMap(({ spec }) => spec?.ports ?? [])
      .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
      .flatMap(({ port, targetPort }) =>
        typeof targetPort === 'number' ? [port, targetPort] : [port],
      ),
  );

const checkGateway = (gateway: Gateway, context: AnalysisContext): readonly Finding[] => {
  const { selector, servers = [] } = gateway.spec;
  const workloads = gatewayWorkloads(gateway, context);
  if (workloads.length === 0) {
    const label = firstLabel(selector);
    const path = label === undefined ? 'spec.selector' : `spec.selector[${label}]`;
    return [finding(gateway, referencedResourceNotFound('selector', selectorText(selector)), path)];
  }
  const ports = servedPorts(workloads, context);
  return servers.flatMap(({ port }, index) =>
    ports.has(port.number)
      ? []
      : [
          finding(
            gateway,
            gatewayPortNotDefinedOnService(port.number, selectorText(selector)),
            `spec.servers[${index}].port.number`,
          ),
        ],
  );
};

/** A Gateway selects pods, and their Service has its ports. */
export const gatewayPorts: Analyzer = {
  name: 'gateway.IngressGatewayPortAnalyzer',
  description: "Checks a gateway's ports against the gateway's Kubernetes service ports",
  analyze: (context) => context.gateways.flatMap((gateway) => checkGateway(gateway, context)),
};
