import type {
  ConfigKind,
  ConfigList,
  ConfigSummary,
  FindingCounts,
} from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { chosenNamespaces } from '../app/preferences.ts';
import { goTo, linkTo, route, setQuery } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { formatAge, formatDate } from '../format/moment.ts';
import { t } from '../i18n/translate.ts';
import { linkToConfig } from '../object/config-links.tsx';
import { Check } from '../view/controls.tsx';
import { Empty, Loaded } from '../view/feedback.tsx';
import { FilterField, hasText } from '../view/filter-field.tsx';
import { Icon } from '../view/icon.tsx';
import { nameColumn } from '../view/name-column.tsx';
import { type Column, Table } from '../view/table.tsx';
import { wizardNames } from './wizard/wizard-names.ts';

/** Every object, by kind, with what is wrong with it. */
export const ConfigListPage = (): VNode => {
  const [filter, setFilter] = useState('');
  const resource = useResource<ConfigList>(
    withQuery('config', {
      kind: route.value.query['kind'],
      namespaces: chosenNamespaces.value.join(','),
    }),
    ['config'],
    { keep: true },
  );
  const { query } = route.value;
  return (
    <Loaded resource={resource}>
      {({ kinds, objects }) => (
        <div class="config-list">
          <Kinds kinds={kinds} chosen={query['kind']} />
          <div>
            <Starters />
            <div class="toolbar">
              <FilterField value={filter} onInput={setFilter} />
              <Check
                label={t('config.onlyFindings')}
                isOn={query['findings'] === 'true'}
                onChange={(isOn) => setQuery({ findings: isOn ? 'true' : undefined })}
              />
              <span class="grow" />
              <a class="button button-plain" href={linkTo('config', ['history'])}>
                <Icon name="history" size={16} />
                {t('config.history')}
              </a>
            </div>
            <Objects objects={wanted(objects, kinds, query, filter)} />
          </div>
        </div>
      )}
    </Loaded>
  );
};

const isIstio = ({ apiVersion }: { apiVersion: string }): boolean =>
  /\.istio\.io\/|gateway\.networking\.k8s\.io\//.test(apiVersion);

const wanted = (
  objects: readonly ConfigSummary[],
  kinds: readonly ConfigKind[],
  query: Readonly<Record<string, string>>,
  filter: string,
): readonly ConfigSummary[] => {
  const own = new Set(kinds.filter(isIstio).map(({ kind }) => kind));
  return objects.filter(({ kind, name, summary, findings }) => {
    if (query['kind'] === undefined ? !own.has(kind) : kind !== query['kind']) return false;
    if (query['findings'] === 'true' && findings.errors + findings.warnings === 0) return false;
    return hasText(filter, kind, name, summary);
  });
};

const Starters = (): VNode => (
  <section class="starters" aria-label={t('wizard.start')}>
    {wizardNames.map((name) => (
      <a key={name} class="starter" href={linkTo('config', ['new'], { wizard: name })}>
        <strong>{t(`wizard.${name}`)}</strong>
        <small>{t(`wizard.${name}.text`)}</small>
      </a>
    ))}
    <a class="starter starter-blank" href={linkTo('config', ['new'], { wizard: 'blank' })}>
      <strong>{t('wizard.blank')}</strong>
      <small>{t('wizard.blank.text')}</small>
    </a>
  </section>
);

const Kinds = ({
  kinds,
  chosen,
}: {
  kinds: readonly ConfigKind[];
  chosen: string | undefined;
}): VNode => {
  const used = kinds.toSorted(
    (a, b) => Number(isIstio(b)) - Number(isIstio(a)) || a.kind.localeCompare(b.kind),
  );
  return (
    <nav class="kinds" aria-label={t('config.kinds')}>
      <a href={linkTo('config')} aria-current={chosen === undefined ? 'true' : undefined}>
        {t('config.allKinds')}
      </a>
      {used.map((each) => (
        <a
          key={each.kind}
          href={linkTo('config', [], { kind: each.kind })}
          aria-current={chosen === each.kind ? 'true' : undefined}
          class={each.count === 0 ? 'kind-none' : ''}
        >
          {each.kind} <span>{each.count}</span>
        </a>
      ))}
    </nav>
  );
};

/** Numbers of findings by weight; nothing when there are none. */
export const FindingTags = ({ findings }: { findings: FindingCounts }): VNode => (
  <span class="tags">
    {findings.errors > 0 ? (
      <span class="tag tag-bad">{t('config.errors', { count: findings.errors })}</span>
    ) : null}
    {findings.warnings > 0 ? (
      <span class="tag tag-warn">{t('config.warnings', { count: findings.warnings })}</span>
    ) : null}
    {findings.errors + findings.warnings === 0 ? (
      <span class="text-ok">
        <Icon name="check" size={16} />
        <span class="unseen">{t('config.fine')}</span>
      </span>
    ) : null}
  </span>
);

const columns = (): readonly Column<ConfigSummary>[] => [
  nameColumn(linkToConfig),
  { key: 'kind', title: t('table.kind'), cell: ({ kind }) => kind, order: ({ kind }) => kind },
  {
    key: 'summary',
    title: t('config.about'),
    cell: ({ summary }) => <span class="text-quiet">{summary}</span>,
  },
  {
    key: 'findings',
    title: t('config.findings'),
    cell: ({ findings }) => <FindingTags findings={findings} />,
    order: ({ findings }) => findings.errors * 1000 + findings.warnings,
  },
  {
    key: 'age',
    title: t('table.age'),
    isNumber: true,
    cell: ({ createdAtMs }) => (
      <span title={formatDate(createdAtMs)}>{formatAge(createdAtMs, Date.now())}</span>
    ),
    order: ({ createdAtMs }) => -createdAtMs,
  },
];

const Objects = ({ objects }: { objects: readonly ConfigSummary[] }): VNode =>
  objects.length === 0 ? (
    <Empty title={t('config.empty')} text={t('config.emptyText')} />
  ) : (
    <Table
      label={t('nav.config')}
      rows={objects}
      columns={columns()}
      keyOf={({ kind, namespace, name }) => `${kind}/${namespace}/${name}`}
      onOpen={(object) => goTo(linkToConfig(object))}
    />
  );
