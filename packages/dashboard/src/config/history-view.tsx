import type { HistoryAnswer, HistoryEntry, RestoreAnswer } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, sendJson, withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { formatDate } from '../format/moment.ts';
import { t } from '../i18n/translate.ts';
import { linkToConfig } from '../object/config-links.tsx';
import { Button } from '../view/controls.tsx';
import { Banner, Empty, errorText, Loaded } from '../view/feedback.tsx';
import { DiffView } from './diff-view.tsx';

/** Changes of all objects, or of one; each can be looked at and undone. */
export const HistoryView = ({
  kind,
  namespace,
  name,
  canWrite,
}: {
  kind?: string;
  namespace?: string;
  name?: string;
  canWrite: boolean;
}): VNode => {
  const resource = useResource<HistoryAnswer>(
    withQuery('config/history', { kind, namespace, name, limit: 100 }),
    ['config'],
  );
  const [problem, setProblem] = useState('');
  const restore = async (entry: HistoryEntry): Promise<void> => {
    setProblem('');
    try {
      await sendJson<RestoreAnswer>('POST', 'config/restore', { id: entry.id, side: 'before' });
      resource.reload();
    } catch (error) {
      setProblem(error instanceof ApiError ? errorText(error) : String(error));
    }
  };
  return (
    <>
      {problem === '' ? null : <Banner kind="bad">{problem}</Banner>}
      <Loaded resource={resource}>
        {({ entries, sinceMs }) =>
          entries.length === 0 ? (
            <Empty
              title={t('history.empty')}
              text={t('history.since', { time: formatDate(sinceMs) })}
            />
          ) : (
            <ol class="history">
              {entries.map((entry) => (
                <Entry
                  key={entry.id}
                  entry={entry}
                  onRestore={canWrite ? () => void restore(entry) : undefined}
                />
              ))}
            </ol>
          )
        }
      </Loaded>
    </>
  );
};

const looks = { added: 'tag-ok', modified: 'tag-accent', deleted: 'tag-bad' } as const;

const Entry = ({
  entry,
  onRestore,
}: {
  entry: HistoryEntry;
  onRestore: (() => void) | undefined;
}): VNode => (
  <li>
    <details class="change">
      <summary>
        <span class={`tag ${looks[entry.change]}`}>{t(`history.${entry.change}`)}</span>
        <span class="change-name">
          {entry.object.kind} {entry.object.name}
        </span>
        <small>{entry.object.namespace}</small>
        <small>{entry.manager}</small>
        <small>{formatDate(entry.timeMs)}</small>
      </summary>
      <DiffView before={entry.before} after={entry.after} />
      <p class="change-tools">
        {onRestore === undefined ? null : (
          <Button
            label={t(entry.before === '' ? 'history.remove' : 'history.restore')}
            icon="history"
            onClick={onRestore}
          />
        )}
        <a class="button button-quiet" href={linkToConfig(entry.object)}>
          {t('history.open')}
        </a>
      </p>
    </details>
  </li>
);
