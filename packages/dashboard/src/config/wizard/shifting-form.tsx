import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/translate.ts';
import { Banner } from '../../view/feedback.tsx';
import type { Manifest } from '../manifest.ts';
import { shiftTraffic, type Weights } from './traffic-rules.ts';
import { balanceWeights, currentWeights } from './weights.ts';
import type { WizardTarget } from './wizard-input.ts';

/** A slider for each version; together they are always 100. */
export const ShiftingForm = ({
  target,
  onManifests,
}: {
  target: WizardTarget;
  onManifests: (manifests: readonly Manifest[]) => void;
}): VNode => {
  const [weights, setWeights] = useState<Weights>(() => currentWeights(target));
  useEffect(() => onManifests(shiftTraffic(target, weights)), [target, onManifests, weights]);
  if (target.versions.length === 0) return <Banner kind="note">{t('wizard.noVersions')}</Banner>;
  return (
    <fieldset class="weights">
      {target.versions.map((version) => (
        <label key={version}>
          <span>{version}</span>
          <input
            type="range"
            min="0"
            max="100"
            value={weights[version] ?? 0}
            aria-label={t('wizard.weight', { version })}
            onInput={(event) =>
              setWeights(balanceWeights(weights, version, event.currentTarget.valueAsNumber))
            }
          />
          <output>{weights[version] ?? 0} %</output>
        </label>
      ))}
    </fieldset>
  );
};
