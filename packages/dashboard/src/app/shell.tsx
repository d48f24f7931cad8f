import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { type Resource, useResource } from '../data/resource.ts';
import { language, t } from '../i18n/translate.ts';
import { Icon, Mark } from '../view/icon.tsx';
import { ConnectionBadge } from './connection-badge.tsx';
import { NamespacePicker } from './namespace-picker.tsx';
import { Page } from './page.tsx';
import { isRailNarrow, type ThemeChoice, themeChoice } from './preferences.ts';
import { linkTo, type PageName, route } from './route.ts';
import { SourceNotice } from './source-notice.tsx';
import { WindowPicker } from './window-picker.tsx';

const observing: readonly PageName[] = [
  'graph',
  'services',
  'workloads',
  'proxies',
  'traces',
  'logs',
];
const steering: readonly PageName[] = ['config', 'explain'];

const RailLink = ({ page }: { page: PageName }): VNode => (
  <a
    class="rail-link"
    href={linkTo(page)}
    title={isRailNarrow.value ? t(`nav.${page}`) : undefined}
    aria-label={t(`nav.${page}`)}
    aria-current={route.value.page === page ? 'page' : undefined}
  >
    <Icon name={page} size={20} />
    <span>{t(`nav.${page}`)}</span>
  </a>
);

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = {
  system: 'light',
  light: 'dark',
  dark: 'system',
};
const themeIcon = { system: 'screen', light: 'sun', dark: 'moon' } as const;

const RailFoot = (): VNode => (
  <div class="rail-foot">
    <button
      type="button"
      class="rail-link"
      onClick={() => {
        themeChoice.value = nextTheme[themeChoice.value];
      }}
      aria-label={`${t('theme.label')}: ${t(`theme.${themeChoice.value}`)}`}
    >
      <Icon name={themeIcon[themeChoice.value]} size={20} />
      <span>{t(`theme.${themeChoice.value}`)}</span>
    </button>
    <button
      type="button"
      class="rail-link"
      onClick={() => {
        language.value = language.value === 'en' ? 'zh' : 'en';
      }}
      aria-label={t('language.switch')}
    >
      <Icon name="language" size={20} />
      <span lang={language.value === 'en' ? 'zh-CN' : 'en'}>{t('language.other')}</span>
    </button>
    <button
      type="button"
      class="rail-link rail-fold"
      onClick={() => {
        isRailNarrow.value = !isRailNarrow.value;
      }}
      aria-label={t(isRailNarrow.value ? 'rail.widen' : 'rail.narrow')}
    >
      <Icon name="rail" size={20} />
      <span>{t('rail.narrow')}</span>
    </button>
  </div>
);

const clustersOf = (status: Status | undefined): readonly string[] =>
  status === undefined
    ? []
    : [status.cluster, ...(status.otherClusters ?? []).map(({ name }) => name)];

const clusterText = (status: Status | undefined): string => {
  const [own = ' ', ...others] = clustersOf(status);
  return others.length === 0 ? own : `${own} +${others.length}`;
};

const Rail = ({ status }: { status: Resource<Status> }): VNode => (
  <nav class="rail" aria-label={t('nav.label')}>
    <a class="brand" href={linkTo('graph')}>
      <Mark />
      <span class="brand-text">
        <strong>Lateen</strong>
        <small title={clustersOf(status.value).join('\n')}>{clusterText(status.value)}</small>
      </span>
    </a>
    <div class="rail-group">
      <h2>{t('nav.observe')}</h2>
      {observing.map((page) => (
        <RailLink key={page} page={page} />
      ))}
    </div>
    <div class="rail-group">
      <h2>{t('nav.steer')}</h2>
      {steering.map((page) => (
        <RailLink key={page} page={page} />
      ))}
    </div>
    <RailFoot />
  </nav>
);

/** Whether what a page shows depends on how far back one looks. */
const looksBack = (page: PageName, parts: readonly string[]): boolean => {
  if (page === 'graph' || page === 'logs') return true;
  return (page === 'services' || page === 'workloads' || page === 'proxies') && parts.length > 0;
};

/** Everything around a page: navigation, what is looked at, and how it is. */
export const Shell = (): VNode => {
  const status = useResource<Status>('status', ['config', 'proxies']);
  const { page, parts } = route.value;
  const [first, second] = parts;
  document.title = `${second ?? first ?? t(`nav.${page}`)} · Lateen`;
  return (
    <div class={`shell${isRailNarrow.value ? ' rail-narrow' : ''}`}>
      <a class="skip" href="#content">
        {t('nav.skip')}
      </a>
      <Rail status={status} />
      <div class="stage">
        <header class="top">
          <Heading />
          <div class="top-tools">
            {parts.length === 0 && page !== 'explain' ? (
              <NamespacePicker namespaces={status.value?.namespaces ?? []} />
            ) : null}
            {looksBack(page, parts) ? <WindowPicker /> : null}
            <ConnectionBadge />
          </div>
        </header>
        <main id="content" class={`page page-${page}`} tabIndex={-1}>
          <SourceNotice status={status.value} page={page} />
          <Page status={status.value} />
        </main>
      </div>
    </div>
  );
};

const Heading = (): VNode => {
  const { page, parts } = route.value;
  if (parts.length === 0) return <h1>{t(`nav.${page}`)}</h1>;
  return (
    <h1 class="crumbs">
      <a href={linkTo(page)}>{t(`nav.${page}`)}</a>
      <Icon name="chevronRight" size={16} />
      <span>
        {parts
          .filter((part) => part !== '_')
          .map((part, index) => (
            <span key={part} class={index === parts.length - 1 ? '' : 'crumb-minor'}>
              {part === 'new' || part === 'history' ? t(`config.${part}`) : part}
              {index === parts.length - 1 ? '' : ' / '}
            </span>
          ))}
      </span>
    </h1>
  );
};
