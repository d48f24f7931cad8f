import type {
  ObjectOrigin,
  RuleOrigin,
  SimulatedDestination,
  Simulation,
  TriedRoute,
} from '@lateen/simulation';
import type { ComponentChildren, VNode } from 'preact';
import { linkTo } from '../app/route.ts';
import { formatMs } from '../format/quantity.ts';
import { sentence } from '../i18n/sentence.ts';
import { t } from '../i18n/translate.ts';
import { breakable } from '../view/breakable.tsx';
import { Card } from '../view/card.tsx';
import { Findings } from '../view/feedback.tsx';
import { Icon } from '../view/icon.tsx';
import { SecurityView } from './security-view.tsx';

/** A link to the object a decision comes from, with the field. */
export const Origin = ({ origin }: { origin: ObjectOrigin | null }): VNode | null =>
  origin === null ? null : (
    <a
      class="tag tag-accent"
      href={linkTo('config', [origin.kind, origin.namespace || '_', origin.name])}
    >
      {origin.kind} {origin.name} <code>{origin.path}</code>
    </a>
  );

/** What was decided, and by which rule. */
export const DecisionView = ({ simulation }: { simulation: Simulation }): VNode => (
  <div class="grid">
    <p class="client-sees">
      <Icon name="explain" size={20} />
      <span>
        <small>{t('explain.clientSees')}</small>
        <strong>{sentence(simulation.clientView, simulation.clientSees)}</strong>
      </span>
    </p>
    <div class="grid grid-2">
      <Card title={t('explain.decision')}>
        <ol class="steps">
          <Step name={t('explain.proxy')}>
            <code>{simulation.proxy}</code>
          </Step>
          <Step name={t('explain.listener')} isMissing={simulation.listener === null}>
            <code>{simulation.listener ?? t('explain.none')}</code>
          </Step>
          <Step name={t('explain.virtualHost')} isMissing={simulation.virtualHost === null}>
            <code>{breakable(simulation.virtualHost ?? t('explain.none'))}</code>
          </Step>
          {simulation.tried.map((tried, index) => (
            <Tried key={index} tried={tried} />
          ))}
          <Taken simulation={simulation} />
          <Extras simulation={simulation} />
        </ol>
      </Card>
      <Card title={t('explain.destinations')}>
        <Answers simulation={simulation} />
        {simulation.destinations.map((destination) => (
          <Destination key={destination.cluster} destination={destination} />
        ))}
      </Card>
    </div>
    {simulation.security === null ? null : <SecurityView security={simulation.security} />}
    <Findings diagnostics={simulation.diagnostics} />
  </div>
);

const Step = ({
  name,
  isMissing,
  look,
  children,
}: {
  name: string;
  isMissing?: boolean;
  look?: 'taken' | 'tried';
  children: ComponentChildren;
}): VNode => (
  <li class={`step ${look ?? ''}${isMissing === true ? ' missing' : ''}`}>
    <span class="step-name">{name}</span>
    <div>{children}</div>
  </li>
);

const Tried = ({ tried }: { tried: TriedRoute }): VNode => (
  <Step name={t('explain.passed')} look="tried">
    <code>{tried.condition}</code>
    <p class="text-quiet">{t('explain.but', { actual: tried.actual })}</p>
    <Origin origin={tried.origin} />
  </Step>
);

const Taken = ({ simulation }: { simulation: Simulation }): VNode | null => {
  const { match, origin, route } = simulation;
  if (match === null) return null;
  return (
    <Step name={t('explain.taken')} look="taken">
      <code>{match}</code>
      {route === null || route === '' ? null : <span class="tag">{route}</span>}
      <p>
        {origin === null ? <span class="text-quiet">{t('explain.noRule')}</span> : null}
        <Origin origin={origin} />
        <Delegate origin={origin} />
      </p>
    </Step>
  );
};

const Delegate = ({ origin }: { origin: RuleOrigin | null }): VNode | null =>
  origin?.delegate === undefined ? null : <Origin origin={origin.delegate} />;

const faultText = ({ fault }: Simulation): string => {
  if (fault === null) return '';
  const { delay, abort } = fault;
  return [
    delay === null
      ? ''
      : t('explain.delayed', { time: formatMs(delay.ms), percent: delay.percent }),
    abort === null ? '' : t('explain.aborted', { status: abort.status, percent: abort.percent }),
  ]
    .filter((text) => text !== '')
    .join(', ');
};

const retriesText = ({ retries }: Simulation): string => {
  if (retries === null || retries.attempts === 0) return '';
  return `${retries.attempts}× ${retries.retryOn.join(', ')}`;
};

const Extras = ({ simulation }: { simulation: Simulation }): VNode => {
  const rows = [
    [t('explain.fault'), faultText(simulation)],
    [t('explain.timeout'), (simulation.timeoutMs ?? 0) > 0 ? formatMs(simulation.timeoutMs) : ''],
    [t('explain.retries'), retriesText(simulation)],
    [
      t('explain.mirrors'),
      simulation.mirrors.map(({ cluster, percent }) => `${cluster} ${percent} %`).join(', '),
    ],
    [t('explain.hash'), simulation.hashPolicies.join(', ')],
  ] as const;
  return (
    <>
      {rows
        .filter(([, text]) => text !== '')
        .map(([name, text]) => (
          <Step key={name} name={name}>
            {text}
          </Step>
        ))}
      {simulation.overruled.length === 0 ? null : (
        <Step name={t('explain.overruled')}>
          {simulation.overruled.map((origin) => (
            <Origin key={origin.name} origin={origin} />
          ))}
        </Step>
      )}
    </>
  );
};

const Answers = ({ simulation }: { simulation: Simulation }): VNode | null => {
  const { redirect, directResponse, status, responseFlags } = simulation;
  if (redirect !== null)
    return (
      <p>
        <span class="tag tag-warn">{redirect.status}</span> {redirect.location}
      </p>
    );
  if (directResponse !== null)
    return (
      <p>
        <span class="tag tag-warn">{directResponse.status}</span> {directResponse.body}
      </p>
    );
  if (status === null) return null;
  return (
    <p>
      <span class={`tag ${status >= 400 ? 'tag-bad' : 'tag-ok'}`}>{status}</span>{' '}
      {responseFlags.join(' ')}
    </p>
  );
};

/** How the cluster itself sends. Where endpoints were followed, each says how it was reached: it may be by mutual TLS. */
const Transport = ({ destination }: { destination: SimulatedDestination }): VNode | null => {
  const isTls = /tls/i.test(destination.transport);
  if (!isTls && destination.arrivals.length > 0) return null;
  return (
    <span class="tag">
      {isTls ? <Icon name="lock" size={12} /> : null}
      {destination.transport}
    </span>
  );
};

const Destination = ({ destination }: { destination: SimulatedDestination }): VNode => (
  <section class="destination tone-accent">
    <div class="destination-head">
      <strong>{destination.subset === '' ? t('explain.all') : destination.subset}</strong>
      <span class="meter">
        <i style={{ width: `${destination.percent}%` }} />
      </span>
      <b class="number">{destination.percent} %</b>
    </div>
    <small>
      <code>{breakable(destination.cluster)}</code>
    </small>
    <p class="tags">
      {destination.loadBalancing === '' ? null : (
        <span class="tag">{destination.loadBalancing}</span>
      )}
      <Transport destination={destination} />
      <Origin origin={destination.destinationRule} />
    </p>
    <ul class="endpoints">
      {destination.endpoints.slice(0, 8).map((endpoint) => (
        <li key={endpoint.address}>
          <i
            class={`dot ${endpoint.health === 'healthy' ? 'tone-ok' : 'tone-warn'}`}
            aria-hidden="true"
          />
          <code>{endpoint.address}</code> {endpoint.pod}{' '}
          <span class="unseen">{endpoint.health}</span>
        </li>
      ))}
    </ul>
    {destination.status === null ? null : (
      <p>
        <span class="tag tag-bad">{destination.status}</span> {destination.responseFlags.join(' ')}
      </p>
    )}
    {destination.gateways.map((passage) => (
      <p key={passage.address} class="arrival">
        <span class={`tag ${passage.outcome === 'passed' ? 'tag-ok' : 'tag-bad'}`}>
          {t(`explain.passage.${passage.outcome}`)}
        </span>{' '}
        {passage.clusterId} <code>{passage.address}</code>{' '}
        <span class="text-quiet">
          {sentence(passage.cause, passage.reason) || passage.serverName}
        </span>
      </p>
    ))}
    {destination.relays.map((relay) => (
      <Relay key={relay.proxy} relay={relay} />
    ))}
    {destination.arrivals.map((arrival) => (
      <p key={arrival.workload} class="arrival">
        <span class={`tag ${arrival.outcome === 'delivered' ? 'tag-ok' : 'tag-bad'}`}>
          {t(`explain.outcome.${arrival.outcome}`)}
        </span>{' '}
        {arrival.workload}{' '}
        {arrival.transport === 'mutual' ? (
          <span class="tag">
            <Icon name="lock" size={12} /> {t('legend.mtls')}
          </span>
        ) : null}{' '}
        {arrival.mode ?? ''}{' '}
        <span class="text-quiet">{sentence(arrival.cause, arrival.reason)}</span>
      </p>
    ))}
  </section>
);

/** What a gateway decides that the request is sent to, and where it goes from there. */
const Relay = ({ relay }: { relay: Simulation }): VNode => (
  <div class="relay">
    <p class="arrival">
      <span class="tag">{t('explain.passage.passed')}</span> {relay.workload}{' '}
      <Origin origin={relay.origin} />{' '}
      <span class="text-quiet">{sentence(relay.clientView, relay.clientSees)}</span>
    </p>
    {relay.destinations.map((destination) => (
      <Destination key={destination.cluster} destination={destination} />
    ))}
  </div>
);
