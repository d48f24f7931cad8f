import type { CallerList } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Card } from '../view/card.tsx';
import { Select, TextField } from '../view/controls.tsx';
import type { RequestDraft } from './request-draft.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

interface RequestFormProps {
  readonly draft: RequestDraft;
  readonly callers: CallerList;
  readonly onChange: (part: Partial<RequestDraft>) => void;
}

const callerChoices = ({ workloads, gateways }: CallerList) => [
  ...workloads.map((name) => ({ value: `outbound ${name}`, label: name })),
  ...gateways.map((name) => ({
    value: `gateway ${name}`,
    label: t('explain.throughGateway', { name }),
  })),
  ...workloads.map((name) => ({
    value: `inbound ${name}`,
    label: t('explain.intoWorkload', { name }),
  })),
];

/** Who asks for what. */
export const RequestForm = ({ draft, callers, onChange }: RequestFormProps): VNode => (
  <Card title={t('explain.request')}>
    <form class="request-form" onSubmit={(event) => event.preventDefault()}>
      <Select
        label={t('explain.from')}
        isLabelShown
        value={draft.from}
        choices={callerChoices(callers)}
        onChange={(from) => onChange({ from })}
      />
      <div class="request-line">
        <Select
          label={t('explain.method')}
          isLabelShown
          value={draft.method}
          choices={methods.map((value) => ({ value, label: value }))}
          onChange={(method) => onChange({ method })}
        />
        <TextField
          label={t('explain.url')}
          isLabelShown
          value={draft.url}
          onInput={(url) => onChange({ url })}
        />
      </div>
      <label class="area">
        <span class="field-label">{t('explain.headers')}</span>
        <textarea
          rows={3}
          spellcheck={false}
          placeholder="end-user: jason"
          value={draft.headers}
          onInput={(event) => onChange({ headers: event.currentTarget.value })}
        />
      </label>
      <details open={draft.yaml !== ''}>
        <summary>{t('explain.whatIf')}</summary>
        <label class="area">
          <span class="field-label">{t('explain.yaml')}</span>
          <textarea
            rows={10}
            spellcheck={false}
            value={draft.yaml}
            onInput={(event) => onChange({ yaml: event.currentTarget.value })}
          />
        </label>
      </details>
    </form>
  </Card>
);
