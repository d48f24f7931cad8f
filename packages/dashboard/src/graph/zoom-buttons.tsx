import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { IconButton } from '../view/controls.tsx';
import type { GraphStage } from './canvas/stage.ts';

/** Nearer, farther, everything. */
export const ZoomButtons = ({ stage }: { stage: GraphStage | undefined }): VNode => (
  <div class="zoom-buttons">
    <IconButton icon="plus" label={t('graph.nearer')} onClick={() => stage?.zoom(1.3)} />
    <IconButton icon="minus" label={t('graph.farther')} onClick={() => stage?.zoom(1 / 1.3)} />
    <IconButton icon="fit" label={t('graph.fit')} onClick={() => stage?.fit()} />
  </div>
);
