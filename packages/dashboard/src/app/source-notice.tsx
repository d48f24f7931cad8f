import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Banner } from '../view/feedback.tsx';
import type { PageName } from './route.ts';

/** Pages that show no metrics. */
const withoutMetrics: ReadonlySet<PageName> = new Set(['traces', 'logs', 'config', 'explain']);

/** Says that a server elsewhere, of which the page's numbers or traces are, does not answer. */
export const SourceNotice = ({
  status,
  page,
}: {
  status: Status | undefined;
  page: PageName;
}): VNode | null => {
  const isTraces = page === 'traces';
  const reason = isTraces ? status?.tracing.error : status?.metrics.error;
  if (reason === undefined || reason === '') return null;
  if (!isTraces && withoutMetrics.has(page)) return null;
  return (
    <div class="source-notice">
      <Banner kind="warn">
        {t(isTraces ? 'source.noTraces' : 'source.noMetrics')} <code>{reason}</code>
      </Banner>
    </div>
  );
};
