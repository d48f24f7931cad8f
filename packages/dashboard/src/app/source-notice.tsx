import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Banner } from '../view/feedback.tsx';
import type { PageName } from './route.ts';

/** Pages that show no metrics; that of the traces says itself when it gets none. */
const withoutMetrics: ReadonlySet<PageName> = new Set(['traces', 'logs', 'config', 'explain']);

/** Says that the server elsewhere that the page's numbers are of does not answer. */
export const SourceNotice = ({
  status,
  page,
}: {
  status: Status | undefined;
  page: PageName;
}): VNode | null => {
  const reason = status?.metrics.error ?? '';
  if (reason === '' || withoutMetrics.has(page)) return null;
  return (
    <div class="source-notice">
      <Banner kind="warn">
        {t('source.noMetrics')} <code>{reason}</code>
      </Banner>
    </div>
  );
};
