import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Banner } from '../view/feedback.tsx';
import type { PageName } from './route.ts';

/** Pages that show no metrics; that of the traces says itself when it gets none. */
const withoutMetrics: ReadonlySet<PageName> = new Set(['traces', 'logs', 'config', 'explain']);

/** Who does not answer that what is shown comes from: the cluster, others of the mesh, a Prometheus elsewhere. */
const silentOf = (status: Status, page: PageName): readonly (readonly [string, string])[] => {
  const { kubernetes, istiod, metrics, otherClusters = [] } = status;
  const all: readonly (readonly [string, string])[] = [
    [t('source.noCluster'), kubernetes.ok ? '' : kubernetes.error],
    [t('source.noIstiod'), istiod.ok || !kubernetes.ok ? '' : istiod.error],
    [t('source.noMetrics'), withoutMetrics.has(page) ? '' : metrics.error],
    ...otherClusters.map(
      ({ name, error }) => [t('source.noOther', { cluster: name }), error] as const,
    ),
  ];
  return all.filter(([, reason]) => reason !== '');
};

/** Says which of those that a page's answers are from do not answer themselves. */
export const SourceNotice = ({
  status,
  page,
}: {
  status: Status | undefined;
  page: PageName;
}): VNode | null => {
  const silent = status === undefined ? [] : silentOf(status, page);
  if (silent.length === 0) return null;
  return (
    <div class="source-notice">
      <Banner kind="warn">
        {silent.map(([who, reason]) => (
          <p key={who}>
            {who} <code>{reason}</code>
          </p>
        ))}
      </Banner>
    </div>
  );
};
