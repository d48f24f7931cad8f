import type { Service } from '@lateen/api';

const variableName = (name: string): string => name.toUpperCase().replace(/[^A-Z0-9]/g, '_');

/** The variables of one service, names as Docker's links and the kubelet make them. */
const oneService = (service: Service, address: string): Record<string, string> => {
  const prefix = variableName(service.metadata.name);
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (first === undefined) return {};
  const result: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: address,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: `${(first.protocol ?? 'TCP').toLowerCase()}://${address}:${first.port}`,
  };
  for (const { name, port, protocol = 'TCP' } of ports) {
    if (name !== undefined) result[`${prefix}_SERVICE_PORT_${variableName(name)}`] = String(port);
    const link = `${prefix}_PORT_${port}_${protocol}`;
    result[link] = `${protocol.toLowerCase()}://${address}:${port}`;
    result[`${link}_PROTO`] = protocol.toLowerCase();
    result[`${link}_PORT`] = String(port);
    result[`${link}_ADDR`] = address;
  }
  return result;
};

const isMasterService = ({ metadata }: Service): boolean =>
  metadata.namespace === 'default' && metadata.name === 'kubernetes';

/**
 * `<NAME>_SERVICE_HOST` and its siblings for the services of a pod's namespace (unless service links
 * are off) and for `kubernetes`. Services without ClusterIP have none.
 */
export const serviceEnvironment = (
  services: readonly Service[],
  namespace: string,
  serviceLinks: boolean,
): Record<string, string> => {
  const result: Record<string, string> = {};
  for (const service of services) {
    const address = service.spec?.clusterIP;
    if (address === undefined || address === '' || address === 'None') continue;
    const linked = serviceLinks && service.metadata.namespace === namespace;
    if (linked || isMasterService(service)) Object.assign(result, oneService(service, address));
  }
  return result;
};
