import { type Signal, signal } from '@preact/signals';
import { chinese } from './chinese.ts';
import { english, type MessageKey } from './english.ts';

/** Languages of the dashboard. */
export type Language = 'en' | 'zh';

/** The language in force. */
export const language: Signal<Language> = signal('en');

const texts: Readonly<Record<Language, Readonly<Record<MessageKey, string>>>> = {
  en: english,
  zh: chinese,
};

/** Chinese when the browser asks for it before English. */
export const defaultLanguage = (wanted: readonly string[]): Language => {
  const first = wanted.find((tag) => /^(zh|en)\b/i.test(tag)) ?? 'en';
  return /^zh/i.test(first) ? 'zh' : 'en';
};

/** Values for the places `{name}` in a text. */
export type MessageValues = Readonly<Record<string, string | number>>;

/** `{name}`, or `{name|one|many}`: the number and the word that fits it. */
const places = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

/** A text in the given language, with its places filled; unknown places stay as they are. */
export const translateTo = (to: Language, key: MessageKey, values: MessageValues = {}): string =>
  texts[to][key].replaceAll(places, (place, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return one === undefined ? String(value) : `${value} ${value === 1 ? one : many}`;
  });

/** A text in the language in force. A component that calls it is drawn again when the language changes. */
export const t = (key: MessageKey, values: MessageValues = {}): string =>
  translateTo(language.value, key, values);
