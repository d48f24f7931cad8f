import { renderSentence, type Sentence } from '@lateen/simulation/sentence';
import { chineseSentences } from './chinese-sentences.ts';
import { type Language, language } from './translate.ts';

/** A server that is newer than the page may say what the page has no words for. */
const isKnown = ({ code, values, parts = [] }: Sentence): boolean =>
  code in chineseSentences &&
  parts.every(isKnown) &&
  Object.values(values).every((value) => typeof value !== 'object' || isKnown(value));

/** What the server says of a request, in the given language; `english` are its own words. */
export const sentenceIn = (to: Language, said: Sentence | null, english: string): string =>
  to === 'en' || said === null || !isKnown(said) ? english : renderSentence(said, chineseSentences);

/** The same in the language in force. A component that calls it is drawn again when the language changes. */
export const sentence = (said: Sentence | null, english: string): string =>
  sentenceIn(language.value, said, english);
