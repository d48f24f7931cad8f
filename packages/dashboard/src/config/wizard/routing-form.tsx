import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/translate.ts';
import { Button, IconButton, Select, TextField } from '../../view/controls.tsx';
import type { Manifest } from '../manifest.ts';
import { type Condition, routeRequests, type TextMatch } from './traffic-rules.ts';
import type { WizardTarget } from './wizard-input.ts';

/** A condition as it is filled in; `name` is kept while another kind is chosen. */
interface Draft {
  readonly on: Condition['on'];
  readonly name: string;
  readonly how: TextMatch;
  readonly value: string;
}

const toCondition = ({ on, name, how, value }: Draft): Condition =>
  on === 'header' ? { on, name, how, value } : { on, how, value };

const isFilled = ({ on, name, value }: Draft): boolean =>
  value !== '' && (on !== 'header' || name !== '');

const firstDraft: Draft = { on: 'header', name: 'end-user', how: 'exact', value: 'jason' };

/** Conditions, and the version that gets the requests that fit them all. */
export const RoutingForm = ({
  target,
  onManifests,
}: {
  target: WizardTarget;
  onManifests: (manifests: readonly Manifest[]) => void;
}): VNode => {
  const [drafts, setDrafts] = useState<readonly Draft[]>([firstDraft]);
  const [version, setVersion] = useState(target.versions.at(-1) ?? 'v1');
  useEffect(
    () => onManifests(routeRequests(target, drafts.filter(isFilled).map(toCondition), version)),
    [target, onManifests, drafts, version],
  );
  const change = (index: number, part: Partial<Draft>): void =>
    setDrafts(drafts.map((draft, at) => (at === index ? { ...draft, ...part } : draft)));
  return (
    <fieldset>
      {drafts.map((draft, index) => (
        <ConditionRow
          key={index}
          draft={draft}
          onChange={(part) => change(index, part)}
          onRemove={() => setDrafts(drafts.filter((_, at) => at !== index))}
        />
      ))}
      <Button
        label={t('wizard.addCondition')}
        icon="plus"
        onClick={() =>
          setDrafts([...drafts, { ...firstDraft, on: 'uri', how: 'prefix', value: '/' }])
        }
      />
      <Select
        label={t('wizard.version')}
        isLabelShown
        value={version}
        choices={target.versions.map((value) => ({ value, label: value }))}
        onChange={setVersion}
      />
    </fieldset>
  );
};

const ConditionRow = ({
  draft,
  onChange,
  onRemove,
}: {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
  onRemove: () => void;
}): VNode => (
  <div class="condition">
    <Select
      label={t('wizard.on')}
      value={draft.on}
      choices={(['header', 'uri', 'method'] as const).map((value) => ({
        value,
        label: t(`wizard.on.${value}`),
      }))}
      onChange={(on) => onChange({ on })}
    />
    {draft.on === 'header' ? (
      <TextField
        label={t('wizard.headerName')}
        placeholder={t('wizard.headerName')}
        value={draft.name}
        onInput={(name) => onChange({ name })}
      />
    ) : null}
    <Select
      label={t('wizard.how')}
      value={draft.how}
      choices={(['exact', 'prefix', 'regex'] as const).map((value) => ({
        value,
        label: t(`wizard.how.${value}`),
      }))}
      onChange={(how) => onChange({ how })}
    />
    <TextField
      label={t('wizard.value')}
      placeholder={t('wizard.value')}
      value={draft.value}
      onInput={(value) => onChange({ value })}
    />
    <IconButton icon="close" label={t('wizard.removeCondition')} onClick={onRemove} />
  </div>
);
