/**
 * Runs before the first paint, so that a dark page never flashes white. A file of its own: a page without inline
 * code can forbid it.
 */
const root = document.documentElement;
try {
  const saved = JSON.parse(localStorage.getItem('lateen.preferences') ?? '{}') as {
    readonly theme?: string;
  };
  const isDark =
    saved.theme === 'dark' ||
    (saved.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset['theme'] = isDark ? 'dark' : 'light';
} catch {
  root.dataset['theme'] = 'light';
}

export {};
