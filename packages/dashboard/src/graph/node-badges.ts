import type { MessageKey } from '../i18n/english.ts';
import type { IconName } from '../view/icon.tsx';
import type { NodeBadge } from './graph-picture.ts';

/** What a sign on a node looks like and means. `isAlarm`: something that explains failures. */
export const nodeBadges: Readonly<
  Record<
    NodeBadge,
    { readonly icon: IconName; readonly text: MessageKey; readonly isAlarm: boolean }
  >
> = {
  routed: { icon: 'share', text: 'flag.hasVirtualService', isAlarm: false },
  breaker: { icon: 'bolt', text: 'flag.hasCircuitBreaker', isAlarm: false },
  fault: { icon: 'warning', text: 'flag.hasFaultInjection', isAlarm: true },
  noProxy: { icon: 'eyeOff', text: 'flag.isMissingProxy', isAlarm: true },
  dead: { icon: 'close', text: 'flag.isDead', isAlarm: true },
};
