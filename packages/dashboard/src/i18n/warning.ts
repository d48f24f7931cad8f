import { type Language, language } from './translate.ts';

/** Warnings of the server as it writes them, and the same in Chinese. */
const chineseWarnings: readonly (readonly [RegExp, string])[] = [
  [/^the Kubernetes API does not answer: (.*)$/, 'Kubernetes API 没有应答：$1'],
  [/^(\d+) of (\d+) proxies cannot be scraped$/, '$2 个代理中有 $1 个的指标无法抓取'],
  [/^the metrics store is full: (\d+) series were left out$/, '指标存储已满：丢弃了 $1 个序列'],
];

/** A warning in the given language; one that is not known in the server's words. */
export const warningIn = (to: Language, warning: string): string => {
  if (to === 'en') return warning;
  const known = chineseWarnings.find(([pattern]) => pattern.test(warning));
  return known === undefined ? warning : warning.replace(known[0], known[1]);
};

/** The same in the language in force. A component that calls it is drawn again when the language changes. */
export const warningText = (warning: string): string => warningIn(language.value, warning);
