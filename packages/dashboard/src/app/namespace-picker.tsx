import type { NamespaceRow } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { t } from '../i18n/translate.ts';
import { Check } from '../view/controls.tsx';
import { Popover } from '../view/popover.tsx';
import { chosenNamespaces } from './preferences.ts';

const summary = (chosen: readonly string[]): string => {
  if (chosen.length === 0) return t('namespaces.all');
  if (chosen.length <= 2) return chosen.join(', ');
  return t('namespaces.some', { count: chosen.length });
};

const toggle = (name: string, isOn: boolean): void => {
  const others = chosenNamespaces.value.filter((each) => each !== name);
  chosenNamespaces.value = isOn ? [...others, name].sort() : others;
};

/** Which namespaces pages show; none chosen means all. */
export const NamespacePicker = ({ namespaces }: { namespaces: readonly NamespaceRow[] }): VNode => {
  const chosen = chosenNamespaces.value;
  return (
    <Popover
      name={`${t('namespaces.label')}: ${summary(chosen)}`}
      label={summary(chosen)}
      align="end"
    >
      <div class="picker">
        <Check
          label={t('namespaces.all')}
          isOn={chosen.length === 0}
          onChange={() => {
            chosenNamespaces.value = [];
          }}
        />
        <hr />
        {namespaces.map(({ name, isInjected, isControlPlane }) => (
          <div class="picker-row" key={name}>
            <Check
              label={name}
              isOn={chosen.includes(name)}
              onChange={(isOn) => toggle(name, isOn)}
            />
            <small>
              {isControlPlane ? t('namespaces.control') : ''}
              {isInjected && !isControlPlane ? t('namespaces.injected') : ''}
            </small>
          </div>
        ))}
      </div>
    </Popover>
  );
};
