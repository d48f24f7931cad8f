import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { defaultLanguage, type Language, language } from '../i18n/translate.ts';

/** What the reader chose for the colours; `system` follows the machine. */
export type ThemeChoice = 'light' | 'dark' | 'system';

/** How far back pages look. The store keeps 15 minutes by default. */
export type TimeWindow = '1m' | '5m' | '15m';

interface SavedPreferences {
  readonly theme?: ThemeChoice;
  readonly language?: Language;
  readonly namespaces?: readonly string[];
  readonly window?: TimeWindow;
  readonly isRailNarrow?: boolean;
}

/** The page's boot script reads the same key before the first paint. */
const storageKey = 'lateen.preferences';

const readSaved = (): SavedPreferences => {
  try {
    return JSON.parse(localStorage.getItem(storageKey) ?? '{}') as SavedPreferences;
  } catch {
    return {};
  }
};

const saved = readSaved();
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(systemDark.matches);
systemDark.addEventListener('change', (event) => {
  isSystemDark.value = event.matches;
});

/** The colours as chosen. */
export const themeChoice: Signal<ThemeChoice> = signal(saved.theme ?? 'system');
/** The colours in force. */
export const theme: ReadonlySignal<'light' | 'dark'> = computed(() => {
  if (themeChoice.value !== 'system') return themeChoice.value;
  return isSystemDark.value ? 'dark' : 'light';
});
/** Namespaces that pages show; none means all. */
export const chosenNamespaces: Signal<readonly string[]> = signal(saved.namespaces ?? []);
/** How far back pages look; default 1 minute. */
export const timeWindow: Signal<TimeWindow> = signal(saved.window ?? '1m');
/** Whether the navigation shows its icons only. */
export const isRailNarrow: Signal<boolean> = signal(saved.isRailNarrow ?? false);

language.value = saved.language ?? defaultLanguage(navigator.languages);

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
});

effect(() => {
  const preferences: SavedPreferences = {
    theme: themeChoice.value,
    language: language.value,
    namespaces: chosenNamespaces.value,
    window: timeWindow.value,
    isRailNarrow: isRailNarrow.value,
  };
  try {
    localStorage.setItem(storageKey, JSON.stringify(preferences));
  } catch {
    // A browser that forbids storage forgets the choices; the page works all the same.
  }
});
