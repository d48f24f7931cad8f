import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { diffLines, onlyChanges } from './line-diff.ts';

const signs = { same: ' ', removed: '−', added: '+' } as const;

/** Two texts compared; unchanged parts are cut. */
export const DiffView = ({ before, after }: { before: string; after: string }): VNode => {
  const lines = onlyChanges(diffLines(before, after));
  const isSame = lines.every((line) => line === undefined || line.kind === 'same');
  if (isSame) return <p class="text-quiet">{t('diff.same')}</p>;
  return (
    <pre class="diff">
      {lines.map((line, index) =>
        line === undefined ? (
          <span key={index} class="diff-gap">
            ⋯
          </span>
        ) : (
          <span key={index} class={`diff-${line.kind}`}>
            <i>{signs[line.kind]}</i>
            {line.text}
          </span>
        ),
      )}
    </pre>
  );
};
