import type { VNode } from 'preact';
import { setQuery } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { Popover } from '../view/popover.tsx';
import { findExamples } from './find-examples.ts';
import { findWords } from './find-expression.ts';

/** What can be written into "find" and "hide"; a press on an example finds it. */
export const FindHelp = (): VNode => (
  <Popover name={t('find.help')} label="?" align="end">
    <h3>{t('find.help')}</h3>
    <ul class="find-examples">
      {findExamples.map(({ expression, text }) => (
        <li key={expression}>
          <button type="button" onClick={() => setQuery({ find: expression })}>
            <code>{expression}</code>
            <small>{t(text)}</small>
          </button>
        </li>
      ))}
    </ul>
    <h3>{t('find.words')}</h3>
    <p class="find-words">
      <code>{findWords.join(' ')}</code>
    </p>
    <p class="find-words">
      <code>= != &gt; &gt;= &lt; &lt;= *= ^= $= and or ! ( )</code>
    </p>
  </Popover>
);
