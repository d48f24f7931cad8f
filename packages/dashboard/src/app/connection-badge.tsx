import type { VNode } from 'preact';
import { connection, isPaused, setPaused } from '../data/live-events.ts';
import { t } from '../i18n/translate.ts';
import { Icon } from '../view/icon.tsx';

/** Says whether the picture is live, and stops it or lets it go on. */
export const ConnectionBadge = (): VNode => {
  const state = isPaused.value ? 'paused' : connection.value;
  return (
    <button
      type="button"
      class={`live live-${state}`}
      aria-pressed={isPaused.value}
      aria-label={`${t(`live.${state}`)}. ${t(isPaused.value ? 'live.resume' : 'live.pause')}`}
      title={t(isPaused.value ? 'live.resume' : 'live.pause')}
      onClick={() => setPaused(!isPaused.value)}
    >
      <i aria-hidden="true" />
      <span>{t(`live.${state}`)}</span>
      <Icon name={isPaused.value ? 'play' : 'pause'} size={14} />
    </button>
  );
};
