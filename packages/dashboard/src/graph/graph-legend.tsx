import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Icon } from '../view/icon.tsx';

const tones = ['ok', 'warn', 'bad', 'tcp', 'quiet'] as const;

/** What colours and signs mean. */
export const GraphLegend = (): VNode => (
  <ul class="graph-legend" aria-label={t('legend.label')}>
    {tones.map((tone) => (
      <li key={tone} class={`tone-${tone}`}>
        <i aria-hidden="true" />
        {t(`legend.${tone}`)}
      </li>
    ))}
    <li>
      <Icon name="lock" size={13} />
      {t('legend.mtls')}
    </li>
  </ul>
);
