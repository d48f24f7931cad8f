import type { Graph } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { formatClock } from '../format/moment.ts';
import { t } from '../i18n/translate.ts';
import { Button, IconButton } from '../view/controls.tsx';
import { Icon } from '../view/icon.tsx';

interface ReplayProps {
  readonly graph: Graph | undefined;
  /** Undefined: live. */
  readonly atMs: number | undefined;
  readonly onChange: (atMs: number | undefined) => void;
}

/** Stored time that one step shows. */
const stepMs = 5000;
/** How long a step stays while it plays. */
const showMs = 700;

/** Nothing is stored yet that could be walked through. */
const Soon = (): VNode => (
  <div class="replay">
    <Icon name="clock" size={16} />
    <span class="text-quiet">{t('replay.soon')}</span>
  </div>
);

/** Walks through the stored time; at its end it is live again. */
export const Replay = ({ graph, atMs, onChange }: ReplayProps): VNode | null => {
  const [isPlaying, setPlaying] = useState(false);
  const to = graph?.storedToMs ?? 0;
  const from = Math.min(to, (graph?.storedFromMs ?? 0) + (graph?.windowMs ?? 0));
  useEffect(() => {
    if (!isPlaying || atMs === undefined) return;
    const timer = setTimeout(() => {
      const next = atMs + stepMs;
      if (next < to) return onChange(next);
      setPlaying(false);
      onChange(undefined);
    }, showMs);
    return () => clearTimeout(timer);
  }, [isPlaying, atMs, to, onChange]);
  if (to === 0 || to - from < stepMs) return <Soon />;
  const shown = atMs ?? to;
  const press = (): void => {
    if (atMs === undefined) onChange(from);
    setPlaying(!isPlaying);
  };
  return (
    <div class="replay">
      <IconButton
        icon={isPlaying ? 'pause' : 'play'}
        label={t(isPlaying ? 'replay.stop' : 'replay.play')}
        onClick={press}
      />
      <span class="replay-time">{formatClock(from)}</span>
      <input
        type="range"
        aria-label={t('replay.label')}
        aria-valuetext={formatClock(shown)}
        min={from}
        max={to}
        step={stepMs}
        value={shown}
        onInput={(event) => {
          setPlaying(false);
          const chosen = Number(event.currentTarget.value);
          onChange(chosen >= to - stepMs ? undefined : chosen);
        }}
      />
      <span class={`replay-time${atMs === undefined ? '' : ' replay-past'}`}>
        {atMs === undefined ? t('replay.now') : formatClock(shown)}
      </span>
      {atMs === undefined ? null : (
        <Button
          label={t('replay.live')}
          onClick={() => {
            setPlaying(false);
            onChange(undefined);
          }}
        />
      )}
    </div>
  );
};
