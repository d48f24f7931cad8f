import type { Span } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { setQuery } from '../app/route.ts';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { Facts } from '../view/card.tsx';
import { IconButton } from '../view/controls.tsx';

/** All that a span says. `startUs`: beginning of the trace. */
export const SpanPanel = ({ span, startUs }: { span: Span; startUs: number }): VNode => (
  <aside class="card span-panel" aria-label={t('trace.span')}>
    <header>
      <h2>{span.name}</h2>
      <IconButton
        icon="close"
        label={t('panel.close')}
        onClick={() => setQuery({ span: undefined })}
      />
    </header>
    <div class="card-body">
      <Facts
        facts={[
          [t('trace.service'), span.service],
          [t('table.kind'), span.kind],
          [t('trace.duration'), formatMs(span.durationUs / 1000)],
          [t('trace.after'), formatMs((span.startUs - startUs) / 1000)],
          [t('trace.status'), [span.status, span.statusMessage].join(' ')],
        ]}
      />
      <h3>{t('trace.attributes')}</h3>
      <dl class="facts mono">
        {Object.entries(span.attributes)
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([name, value]) => (
            <Attribute key={name} name={name} value={value} />
          ))}
      </dl>
      {span.dropped > 0 ? (
        <p class="text-quiet">{t('trace.droppedAttributes', { count: span.dropped })}</p>
      ) : null}
      {span.events.length === 0 ? null : <h3>{t('trace.events')}</h3>}
      <ul class="span-events">
        {span.events.map((event) => (
          <li key={`${event.timeUs} ${event.name}`}>
            <b>{formatMs((event.timeUs - startUs) / 1000)}</b> {event.name}{' '}
            <code>
              {Object.entries(event.attributes)
                .map(([name, value]) => `${name}=${value}`)
                .join(' ')}
            </code>
          </li>
        ))}
      </ul>
    </div>
  </aside>
);

const Attribute = ({ name, value }: { name: string; value: string }): VNode => (
  <>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </>
);
