import type { VNode } from 'preact';

const paths = {
  graph:
    'M6 6m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M18 8m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M10 18m-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0M8.5 6.5 15.5 7.6M7 8.3 9.2 15.6M16.5 10 11.8 16.2',
  services: 'M12 3.5 20 8v8l-8 4.5L4 16V8zM12 12l8-4M12 12v8.5M12 12 4 8',
  workloads: 'M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z',
  proxies:
    'M12 3.5c2.8 1.7 5.3 2.3 7.5 2.3 0 7-2 12-7.5 14.7C6.5 17.8 4.5 12.8 4.5 5.8c2.2 0 4.7-.6 7.5-2.3zM8.8 11.8l2.3 2.3 4.2-4.4',
  traces: 'M4 6h9M7 10.5h11M11 15h6M13 19.5h7',
  logs: 'M5 4.5h14v15H5zM8.5 9h7M8.5 12.5h7M8.5 16h4',
  config:
    'M4 7h9M17 7h3M4 17h3M11 17h9M15 7m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M9 17m-2 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0',
  explain: 'M5 5v4a4 4 0 0 0 4 4h10M15 9l4 4-4 4M5 19h.01M9 19h.01M13 19h.01',
  sun: 'M12 12m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M12 4v1.5M12 18.5V20M4 12h1.5M18.5 12H20M6.3 6.3l1.1 1.1M16.6 16.6l1.1 1.1M6.3 17.7l1.1-1.1M16.6 7.4l1.1-1.1',
  moon: 'M19 14.2A7.5 7.5 0 0 1 9.8 5a7.5 7.5 0 1 0 9.2 9.2z',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5.5v13l10.5-6.5z',
  close: 'M6.5 6.5l11 11M17.5 6.5l-11 11',
  search: 'M11 11m-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0M15.2 15.2 20 20',
  lock: 'M6.5 11h11v8.5h-11zM9 11V8.2a3 3 0 0 1 6 0V11',
  chevronDown: 'M7 10l5 5 5-5',
  chevronRight: 'M10 7l5 5-5 5',
  chevronLeft: 'M14 7l-5 5 5 5',
  plus: 'M12 5.5v13M5.5 12h13',
  minus: 'M5.5 12h13',
  fit: 'M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15',
  table: 'M4 5.5h16v13H4zM4 10h16M4 14.2h16M10 10v8.5',
  history: 'M4.5 12a7.5 7.5 0 1 0 2.3-5.4L4.5 9M4.5 4.5V9H9M12 8v4.3l3 1.8',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7',
  check: 'M5.5 12.5l4.3 4.3 8.7-9.3',
  warning: 'M12 4.5 21 19.5H3zM12 10v4.5M12 17v.01',
  language:
    'M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M4 12h16M12 4c2.3 2.2 3.4 4.9 3.4 8s-1.1 5.8-3.4 8c-2.3-2.2-3.4-4.9-3.4-8s1.1-5.8 3.4-8',
  eyeOff:
    'M4 4l16 16M9.9 5.3A9.6 9.6 0 0 1 12 5c5 0 8.3 4.4 9 7a10 10 0 0 1-2.5 3.9M6.3 7.1C4.5 8.4 3.3 10.4 3 12c.7 2.6 4 7 9 7a9 9 0 0 0 4-1',
  wand: 'M5 19 15.5 8.5M14 4v3M12.5 5.5h3M19 9.5v3M17.5 11h3M8 5.5v2M7 6.5h2',
  share: 'M5 12h6M11 12l5-5h3M11 12l5 5h3',
  external: 'M13 5h6v6M19 5l-8 8M10 6H5v13h13v-5',
  gateway: 'M4 20V9.5L12 4l8 5.5V20M9 20v-6.5h6V20',
  globe: 'M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M4.5 9.5h15M4.5 14.5h15',
  person: 'M12 8m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0M5 20c.5-4 3.2-6 7-6s6.5 2 7 6',
  question: 'M8.5 9a3.5 3.5 0 1 1 5.2 3.1c-1.1.7-1.7 1.3-1.7 2.6M12 18.5v.01',
  bolt: 'M13 3.5 5.5 13.5H11L10.5 20.5 18.5 10H13z',
  clock: 'M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0M12 7.5V12l3 2',
  copy: 'M8.5 8.5h11v11h-11zM5 15.5h-.5v-11h11V5',
  rail: 'M4 5h16v14H4zM9.5 5v14',
} as const;

/** Names of the icons. */
export type IconName = keyof typeof paths;

/** An outline drawing's path, in a square of 24. */
export const iconPath = (name: IconName): string => paths[name];

/** A decorative drawing in the colour of the text; what it means must be said beside it. */
export const Icon = ({ name, size = 18 }: { name: IconName; size?: number }): VNode => (
  <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);

/** The mark: a lateen sail over water. */
export const Mark = ({ size = 30 }: { size?: number }): VNode => (
  <svg class="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
    <path class="mark-sail" d="M5.5 22.5 25.5 3.5c.9 7.8-.9 14.6-4.9 19z" />
    <path class="mark-fold" d="M25.5 3.5c-2.4 8-5.6 14.4-9.7 19h4.8c4-4.4 5.8-11.2 4.9-19z" />
    <path class="mark-water" d="M4.5 27c3.4 1.5 7.2 1.5 11.5 0s8.1-1.5 11.5 0" />
  </svg>
);
