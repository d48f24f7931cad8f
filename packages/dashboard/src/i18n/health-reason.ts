import type { HealthReason } from '@lateen/telemetry/contract';
import { type Language, language } from './translate.ts';

type Values = HealthReason['values'];

/** What the server tells by code, in Chinese; of the rest its English words are shown. */
const chineseReasons: Partial<Record<HealthReason['code'], (values: Values) => string>> = {
  'error-share': ({ percent, requests, class: kind }) =>
    `${requests} 个请求中有 ${percent} % ${kind === '4xx' ? '被拒绝（4xx）' : '失败（5xx 或无应答）'}`,
  'replicas-missing': ({ ready, wanted }) => `${wanted} 个 Pod 中有 ${ready} 个就绪`,
  'endpoints-not-ready': ({ ready, wanted }) => `${wanted} 个端点中有 ${ready} 个就绪`,
  'no-ready-endpoints': ({ wanted }) => `${wanted} 个端点都未就绪`,
};

/** A reason of a health in the given language. */
export const reasonIn = (to: Language, { code, message, values }: HealthReason): string =>
  to === 'en' ? message : (chineseReasons[code]?.(values) ?? message);

/** The same in the language in force. A component that calls it is drawn again when the language changes. */
export const reasonText = (reason: HealthReason): string => reasonIn(language.value, reason);
