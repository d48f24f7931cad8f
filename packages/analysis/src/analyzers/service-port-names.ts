import { type Service, type ServicePort, selectProtocol } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { namespaceOf } from '../context/analysis-context.ts';
import { isSystemNamespace } from '../context/label-text.ts';
import { type Finding, finding } from '../finding.ts';
import {
  externalNameServiceTypeInvalidPortName,
  portNameIsNotUnderNamingConvention,
} from '../message.ts';

/** Services of Istio itself carry one of these labels. */
const isControlPlane = ({ metadata: { labels } }: Service): boolean =>
  labels?.['istio'] !== undefined || labels?.['release'] === 'istio';

const checkPort = (service: Service, port: ServicePort, index: number): readonly Finding[] => {
  const isExternal = service.spec?.type === 'ExternalName';
  const { name = '', targetPort } = port;
  if (selectProtocol(port) !== 'Auto' && !(isExternal && name === 'tcp')) return [];
  const message = isExternal
    ? externalNameServiceTypeInvalidPortName
    : // Without a default from an API server istioctl shows the zero value.
      portNameIsNotUnderNamingConvention(name, port.port, String(targetPort ?? 0));
  const path = `spec.ports[${index}].${port.name === undefined ? 'port' : 'name'}`;
  return [finding(service, message, path)];
};

/** Ports say what they speak. */
export const servicePortNames: Analyzer = {
  name: 'service.PortNameAnalyzer',
  description: 'Checks the port names associated with each service',
  analyze: ({ services }) =>
    services
      .filter((service) => !isSystemNamespace(namespaceOf(service)) && !isControlPlane(service))
      .flatMap((service) =>
        (service.spec?.ports ?? []).flatMap((port, index) => checkPort(service, port, index)),
      ),
};
