import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Icon } from '../view/icon.tsx';
import type { GraphPicture, NodeBadge } from './graph-picture.ts';
import { nodeBadges } from './node-badges.ts';

const tones = ['ok', 'warn', 'bad', 'tcp', 'quiet'] as const;

const badgesIn = (picture: GraphPicture | undefined): readonly NodeBadge[] => {
  const seen = new Set(picture?.nodes.flatMap(({ badges }) => badges));
  return (Object.keys(nodeBadges) as readonly NodeBadge[]).filter((badge) => seen.has(badge));
};

/** What colours mean, and those signs that stand on nodes now. */
export const GraphLegend = ({ picture }: { picture: GraphPicture | undefined }): VNode => (
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
    {badgesIn(picture).map((badge) => (
      <li key={badge} class={nodeBadges[badge].isAlarm ? 'text-warn' : ''}>
        <Icon name={nodeBadges[badge].icon} size={13} />
        {t(nodeBadges[badge].text)}
      </li>
    ))}
  </ul>
);
