import type { Diagnostic } from '@lateen/base';
import type { Health, HealthState } from '@lateen/telemetry/contract';
import type { ComponentChildren, VNode } from 'preact';
import type { ApiError } from '../data/api-client.ts';
import type { Resource } from '../data/resource.ts';
import { reasonText } from '../i18n/health-reason.ts';
import { t } from '../i18n/translate.ts';
import { Icon } from './icon.tsx';

/** Says that there is nothing, and what to do about it. */
export const Empty = ({ title, text }: { title: string; text?: string }): VNode => (
  <div class="empty">
    <svg viewBox="0 0 160 92" width="160" height="92" aria-hidden="true">
      <path class="empty-sail" d="M52 64 108 10c3 22-2 41-14 54z" />
      <path class="empty-hull" d="M44 69h62c-4 7-9 9-15 9H60c-7 0-12-3-16-9z" />
      <path class="empty-water" d="M10 84c12 5 22 5 34 0s22-5 34 0 22 5 34 0 22-5 38 0" />
    </svg>
    <strong>{title}</strong>
    {text === undefined ? null : <p>{text}</p>}
  </div>
);

/** The sentence for an error of a request. */
export const errorText = (error: ApiError): string =>
  error.status === 0 && error.problem.message === 'unreachable'
    ? t('error.unreachable')
    : error.problem.message;

/** A strip above something: an error, a warning, or a note. */
export const Banner = ({
  kind,
  children,
}: {
  kind: 'bad' | 'warn' | 'note' | 'good';
  children: ComponentChildren;
}): VNode => (
  <div class={`banner banner-${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    <Icon name={kind === 'good' ? 'check' : 'warning'} size={16} />
    <div>{children}</div>
  </div>
);

/** Grey lines of the height of what will come, so that nothing jumps. */
export const Skeleton = ({ rows = 6 }: { rows?: number }): VNode => (
  <div class="skeleton" role="status" aria-label={t('state.loading')}>
    {Array.from({ length: rows }, (_, index) => (
      <span key={index} style={{ width: `${92 - ((index * 17) % 40)}%` }} />
    ))}
  </div>
);

/** Why there is no answer: that a thing is gone is no failure. `isKnown`: what was known of it is still shown. */
const Failure = ({ error, isKnown }: { error: ApiError; isKnown: boolean }): VNode => {
  if (error.status !== 404) return <Banner kind="bad">{errorText(error)}</Banner>;
  if (isKnown) return <Banner kind="warn">{t('error.notFound')}</Banner>;
  return <Empty title={t('error.notFound')} text={t('error.notFoundText')} />;
};

/** Draws an answer, or why there is none. */
export const Loaded = <T,>({
  resource,
  children,
  rows,
}: {
  resource: Resource<T>;
  children: (value: T) => ComponentChildren;
  rows?: number;
}): VNode => (
  <>
    {resource.error === undefined ? null : (
      <Failure error={resource.error} isKnown={resource.value !== undefined} />
    )}
    {resource.value === undefined ? null : children(resource.value)}
    {resource.isLoading ? <Skeleton {...(rows === undefined ? {} : { rows })} /> : null}
  </>
);

/** A health as a mark and, unless hidden, a word. Reasons are shown on hovering. */
export const HealthMark = ({ health, isShort }: { health: Health; isShort?: boolean }): VNode => {
  const reasons = health.reasons.map(reasonText).join('\n');
  return (
    <span class={`health health-${health.state}`} title={reasons || healthWord(health.state)}>
      <i aria-hidden="true" />
      <span class={isShort === true ? 'unseen' : ''}>{healthWord(health.state)}</span>
    </span>
  );
};

/** The word for a state. */
export const healthWord = (state: HealthState): string => t(`health.${state}`);

const severityLook = { error: 'bad', warning: 'warn', info: 'note' } as const;

/** Findings as a list; a press on one goes to its place when the caller knows how. */
export const Findings = ({
  diagnostics,
  onPick,
}: {
  diagnostics: readonly Diagnostic[];
  onPick?: (diagnostic: Diagnostic) => void;
}): VNode | null =>
  diagnostics.length === 0 ? null : (
    <ul class="findings">
      {diagnostics.map((diagnostic, index) => (
        <li key={index} class={`finding finding-${severityLook[diagnostic.severity]}`}>
          <button
            type="button"
            disabled={onPick === undefined}
            onClick={() => onPick?.(diagnostic)}
          >
            <span class="finding-code">{diagnostic.code}</span>
            <span>
              {diagnostic.message}
              {diagnostic.path === undefined ? null : <code>{diagnostic.path}</code>}
            </span>
            {diagnostic.position === undefined ? null : (
              <span class="finding-line">
                {t('config.line', { line: diagnostic.position.line })}
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
