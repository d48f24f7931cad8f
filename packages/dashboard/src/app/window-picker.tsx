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
      { value: '1m', label: '1 min' },
      { value: '5m', label: '5 min' },
      { value: '15m', label: '15 min' },
    ]}
    onChange={(value) => {
      timeWindow.value = value;
    }}
  />
);
