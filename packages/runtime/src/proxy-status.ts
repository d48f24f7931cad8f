import type { Namespace, Pod } from '@lateen/api';
import {
  createKubeClient,
  type KubeClient,
  type KubeConnection,
  resourcePath,
  resources,
} from '@lateen/kube';
import {
  formatProxyStatus,
  proxyStatusRows,
  type RemoteClusterStatus,
  type SyncStatus,
} from '@lateen/pilot';
import { controllerAnnotation } from './bootstrap/kube-system.ts';
import { sendText } from './mesh-request.ts';
import { RuntimeError, reasonOf } from './runtime-error.ts';

const namespace = 'istio-system';
const statusPort = 15_014;
const isRunning = ({ metadata, status }: Pod): boolean =>
  metadata.labels?.['app'] === 'istiod' && status?.phase === 'Running';

/** Why there is no istiod. */
const absence = async (client: KubeClient): Promise<RuntimeError> => {
  const { metadata } = await client.get<Namespace>(resources.namespaces, { name: namespace });
  const controllers = metadata.annotations?.[controllerAnnotation];
  return new RuntimeError(
    'not-ready',
    controllers === undefined
      ? `no istiod is running in ${namespace}: see kubectl get pods -n ${namespace}`
      : `the control plane of this cluster is in ${controllers}: ask there (--context ${controllers})`,
  );
};

/** A page of an istiod: its JSON. */
interface IstiodPage {
  readonly istiod: string;
  readonly content: unknown;
}

const istiodPage = async (
  connection: KubeConnection,
  istiod: string,
  page: string,
): Promise<IstiodPage> => {
  const pod = resourcePath(resources.pods, { namespace, name: istiod });
  try {
    const path = `${pod}:${statusPort}/proxy/debug/${page}`;
    return { istiod, content: JSON.parse(await sendText(connection, { path })) as unknown };
  } catch (cause) {
    const message = `istiod ${istiod} does not answer: ${reasonOf(cause)}`;
    throw new RuntimeError('not-ready', message, cause);
  }
};

/** One page of every istiod. Rejects with KubeError, or RuntimeError `not-ready`. */
const istiodPages = async (
  connection: KubeConnection,
  page: string,
): Promise<readonly IstiodPage[]> => {
  const client = createKubeClient(connection);
  const { items } = await client.list<Pod>(resources.pods, { namespace });
  const istiods = items.filter(isRunning);
  if (istiods.length === 0) throw await absence(client);
  return Promise.all(istiods.map(({ metadata: { name } }) => istiodPage(connection, name, page)));
};

/**
 * The table of `istioctl proxy-status`: asks every istiod through the API server's pod proxy, so that
 * it works on any cluster. Rejects with KubeError, or RuntimeError `not-ready` when no istiod answers.
 */
export const readProxyStatus = async (connection: KubeConnection): Promise<string> => {
  const pages = await istiodPages(connection, 'syncz');
  return formatProxyStatus(
    proxyStatusRows(pages.flatMap(({ content }) => content as SyncStatus[])),
  );
};

/**
 * What istiod sent a proxy last, as `/config_dump` shows it; `proxy` is `pod.namespace`. Undefined: none serves
 * it. Rejects as `readProxyStatus`.
 */
export const readSentConfiguration = async (
  connection: KubeConnection,
  proxy: string,
): Promise<unknown> => {
  const pages = await istiodPages(connection, 'syncz');
  const serving = pages.find(({ content }) =>
    (content as SyncStatus[]).some((status) => status.proxy === proxy),
  );
  if (serving === undefined) return undefined;
  const page = `config_dump?proxyID=${encodeURIComponent(proxy)}`;
  return (await istiodPage(connection, serving.istiod, page)).content;
};

/** What an istiod says of another cluster of the mesh. */
export interface RemoteClusterRow {
  readonly name: string;
  /** `namespace/name`. */
  readonly secret: string;
  readonly status: string;
  /** What is wrong, '' when nothing is. */
  readonly message: string;
  readonly istiod: string;
}

/** The rows of `istioctl remote-clusters`. Rejects as `readProxyStatus`. */
export const readRemoteClusters = async (
  connection: KubeConnection,
): Promise<readonly RemoteClusterRow[]> => {
  const pages = await istiodPages(connection, 'clusterz');
  return pages.flatMap(({ istiod, content }) =>
    (content as RemoteClusterStatus[]).map(({ clusterId, secret, state, message }) => ({
      name: clusterId,
      secret,
      status: state,
      message,
      istiod,
    })),
  );
};
