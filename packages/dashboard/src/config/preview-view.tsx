import type { PreviewAnswer, PreviewChange, RouteView } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { formatMs } from '../format/quantity.ts';
import { t } from '../i18n/translate.ts';
import { breakable } from '../view/breakable.tsx';
import { Icon } from '../view/icon.tsx';

/** What would change in the proxies, in a sentence and in detail. */
export const PreviewView = ({ preview }: { preview: PreviewAnswer | undefined }): VNode => {
  if (preview === undefined) return <p class="text-quiet">{t('preview.none')}</p>;
  const sums = (['routes', 'clusters', 'listeners'] as const).filter(
    (name) => preview.counts[name] > 0,
  );
  if (sums.length === 0)
    return (
      <p class="preview-sum">
        <Icon name="check" size={16} /> {t('preview.nothing')}
      </p>
    );
  return (
    <div class="preview">
      <p class="preview-sum">
        <strong>
          {t('preview.sum', {
            what: sums
              .map((name) => t(`preview.${name}`, { count: preview.counts[name] }))
              .join(' · '),
          })}
        </strong>{' '}
        <span class="text-quiet">{t('preview.proxies', { count: preview.proxiesAffected })}</span>
      </p>
      {preview.changes.map((change) => (
        <Change key={`${change.resource} ${change.name} ${change.change}`} change={change} />
      ))}
      {preview.leftOut > 0 ? (
        <p class="text-quiet">{t('list.more', { count: preview.leftOut })}</p>
      ) : null}
    </div>
  );
};

const looks = { added: 'tag-ok', removed: 'tag-bad', changed: 'tag-accent' } as const;

const Change = ({ change }: { change: PreviewChange }): VNode => (
  <details class="change" open={change.resource === 'route'}>
    <summary>
      <span class={`tag ${looks[change.change]}`}>{t(`preview.${change.change}`)}</span>
      <span class="change-name">{breakable(change.name)}</span>
      <small>{t(`preview.${change.resource}`)}</small>
    </summary>
    {change.resource === 'route' ? <RouteChange change={change} /> : <FieldTable change={change} />}
    <p class="change-proxies" title={change.proxies.join('\n')}>
      {change.proxies.slice(0, 4).join(', ')}
      {change.proxyCount > 4 ? ` +${change.proxyCount - 4}` : ''}
    </p>
  </details>
);

const RouteChange = ({ change }: { change: PreviewChange }): VNode => (
  <div class="route-change">
    <RouteList title={t('preview.before')} routes={change.before} />
    <RouteList title={t('preview.after')} routes={change.after} />
  </div>
);

const RouteList = ({ title, routes }: { title: string; routes: readonly RouteView[] }): VNode => (
  <section>
    <h4>{title}</h4>
    {routes.length === 0 ? <p class="text-quiet">–</p> : null}
    {routes.map((route, index) => (
      <div class="route-view" key={index}>
        <code>{route.match}</code>
        <Targets route={route} />
        <Extras route={route} />
      </div>
    ))}
  </section>
);

const shortHost = (host: string): string => host.split('.')[0] ?? host;

const Targets = ({ route }: { route: RouteView }): VNode => {
  if (route.redirect !== '') return <p>↪ {route.redirect}</p>;
  if (route.directResponse !== '') return <p>{route.directResponse}</p>;
  return (
    <ul>
      {route.targets.map((target) => (
        <li key={target.cluster} class="tone-accent">
          <span>
            {shortHost(target.host)} {target.subset === '' ? null : <b>{target.subset}</b>}
          </span>
          <span class="meter">
            <i style={{ width: `${target.percent}%` }} />
          </span>
          <span class="number">{target.percent} %</span>
        </li>
      ))}
    </ul>
  );
};

const Extras = ({ route }: { route: RouteView }): VNode | null => {
  const extras = [
    route.fault,
    route.timeoutMs > 0 ? t('preview.timeout', { time: formatMs(route.timeoutMs) }) : '',
    route.retries === '' ? '' : t('preview.retries', { retries: route.retries }),
    route.mirrors.length === 0 ? '' : t('preview.mirrors', { hosts: route.mirrors.join(', ') }),
  ].filter((text) => text !== '');
  return extras.length === 0 ? null : <small>{extras.join(' · ')}</small>;
};

const FieldTable = ({ change }: { change: PreviewChange }): VNode => (
  <ul class="field-changes">
    {change.fields.map(({ path, before, after }) => (
      <li key={path}>
        <code>{path}</code>
        {before === '' ? null : <del>{before}</del>}
        {after === '' ? null : <ins>{after}</ins>}
      </li>
    ))}
  </ul>
);
