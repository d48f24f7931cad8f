import type { SimulatedAuthorization, SimulatedSecurity } from '@lateen/simulation';
import type { VNode } from 'preact';
import { linkTo } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { Card, Facts } from '../view/card.tsx';

const verdictLook = { allowed: 'tag-ok', denied: 'tag-bad', asks: 'tag-warn' } as const;

/** Who asks, by which proof, and what the policies say. */
export const SecurityView = ({ security }: { security: SimulatedSecurity }): VNode => (
  <Card title={t('panel.security')}>
    <Facts
      facts={[
        [t('explain.transport'), security.transport],
        [t('object.identity'), security.principal ?? t('explain.none')],
        [t('explain.tokens'), tokensText(security)],
      ]}
    />
    {security.authorization.map((authorization, index) => (
      <Authorization key={index} authorization={authorization} />
    ))}
  </Card>
);

const tokensText = ({ tokens }: SimulatedSecurity): string =>
  tokens === null
    ? ''
    : [tokens.verdict, tokens.reason, tokens.issuers.join(', ')]
        .filter((text) => text !== '')
        .join(' · ');

const Authorization = ({ authorization }: { authorization: SimulatedAuthorization }): VNode => (
  <div class="authorization">
    <p>
      <strong>{authorization.action}</strong>{' '}
      <span class={`tag ${verdictLook[authorization.verdict]}`}>
        {t(`explain.verdict.${authorization.verdict}`)}
      </span>{' '}
      {authorization.dryRun ? <span class="tag">{t('explain.dryRun')}</span> : null}
    </p>
    <ul>
      {authorization.policies.map((policy) => (
        <li key={policy.name} class={policy.matched ? '' : 'text-quiet'}>
          {policy.origin === null ? (
            <code>{policy.name}</code>
          ) : (
            <a
              href={linkTo('config', [
                policy.origin.kind,
                policy.origin.namespace,
                policy.origin.name,
              ])}
            >
              {policy.origin.name} <code>{policy.origin.path}</code>
            </a>
          )}{' '}
          {policy.failed === null ? (
            t('explain.matches')
          ) : (
            <>
              <code>{policy.failed.condition}</code>{' '}
              {t('explain.but', { actual: policy.failed.actual })}
            </>
          )}
        </li>
      ))}
    </ul>
  </div>
);
