import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Banner } from '../view/feedback.tsx';

/** Says which clusters of the mesh could not be asked. */
export const UnreachableNotice = ({
  clusters = [],
}: {
  clusters?: readonly string[] | undefined;
}): VNode | null =>
  clusters.length === 0 ? null : (
    <Banner kind="warn">{t('trace.unreachable', { clusters: clusters.join(', ') })}</Banner>
  );
