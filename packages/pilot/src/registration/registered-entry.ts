import type { WorkloadEntry, WorkloadGroup } from '@lateen/api';
import type { ProxyDescriptor } from '@lateen/translator';

/** Istio's annotations of WorkloadEntries that proxies made by connecting. */
export const groupAnnotation = 'istio.io/autoRegistrationGroup';
/** Which control plane its proxy is connected to. */
export const controllerAnnotation = 'istio.io/workloadController';
/** Since when, RFC 3339. */
export const connectedAnnotation = 'istio.io/connectedAt';
/** Since when it is gone, RFC 3339. */
export const disconnectedAnnotation = 'istio.io/disconnectedAt';
/** Endpoints of such an entry count as unhealthy until the agent reports otherwise. */
const healthChecksAnnotation = 'proxy.istio.io/health-checks-enabled';

/** Kubernetes' bound for names. */
const maxNameLength = 253;

/** `vm-10.0.0.5` or `vm-10.0.0.5-network1`; colons of IPv6 are not for names. */
export const entryName = (group: string, { addresses, network }: ProxyDescriptor): string => {
  const [address = ''] = addresses;
  const name = [group, address, ...(network === '' ? [] : [network])].join('-');
  return name
    .replaceAll(':', '-')
    .slice(-maxNameLength)
    .replace(/^[^a-z0-9]+/, '');
};

const localityOf = ({ locality }: ProxyDescriptor): string =>
  [locality.region, locality.zone, locality.subZone].join('/').replace(/\/+$/, '');

/** When and by which control plane a proxy was registered. */
export interface Registration {
  readonly controller: string;
  /** RFC 3339. */
  readonly connectedAt: string;
}

/** The WorkloadEntry of a proxy: the group's template, with what the proxy says of itself. */
export const registeredEntry = (
  group: WorkloadGroup,
  proxy: ProxyDescriptor,
  { controller, connectedAt }: Registration,
): WorkloadEntry => {
  const { metadata: wanted, template, probe } = group.spec;
  const labels = { ...wanted?.labels, ...template.labels, ...Object.fromEntries(proxy.labels) };
  const locality = template.locality ?? localityOf(proxy);
  const network = template.network ?? proxy.network;
  const { name, namespace, uid } = group.metadata;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'WorkloadEntry',
    metadata: {
      name: entryName(name, proxy),
      ...(namespace !== undefined && { namespace }),
      labels,
      annotations: {
        ...wanted?.annotations,
        [groupAnnotation]: name,
        [controllerAnnotation]: controller,
        [connectedAnnotation]: connectedAt,
        ...(probe !== undefined && { [healthChecksAnnotation]: 'true' }),
      },
      ownerReferences: [
        {
          apiVersion: group.apiVersion,
          kind: group.kind,
          name,
          uid: uid ?? '',
          controller: true,
        },
      ],
    },
    spec: {
      ...template,
      ...(proxy.addresses[0] !== undefined && { address: proxy.addresses[0] }),
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(network !== '' && { network }),
      ...(locality !== '' && { locality }),
      ...(template.serviceAccount === undefined &&
        proxy.serviceAccount !== '' && { serviceAccount: proxy.serviceAccount }),
    },
  };
};
