import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { TextField } from './controls.tsx';

/** The field that narrows a list to what has the text in it. */
export const FilterField = ({
  value,
  onInput,
}: {
  value: string;
  onInput: (value: string) => void;
}): VNode => (
  <TextField
    label={t('list.filter')}
    placeholder={t('list.filter')}
    icon="search"
    type="search"
    value={value}
    onInput={onInput}
  />
);

/** Whether one of an object's texts has what was typed, in upper or lower case. */
export const hasText = (typed: string, ...texts: readonly string[]): boolean => {
  const wanted = typed.trim().toLowerCase();
  return texts.some((text) => text.toLowerCase().includes(wanted));
};
