import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Segmented } from '../view/controls.tsx';
import { timeWindow } from './preferences.ts';

/** How far back the page looks. */
export const WindowPicker = (): VNode => (
  <Segmented
    label={t('window.label')}
    value={timeWindow.value}
    choices={[
      { value: '1m', label: t('window.minutes', { count: 1 }) },
      { value: '5m', label: t('window.minutes', { count: 5 }) },
      { value: '15m', label: t('window.minutes', { count: 15 }) },
    ]}
    onChange={(value) => {
      timeWindow.value = value;
    }}
  />
);
