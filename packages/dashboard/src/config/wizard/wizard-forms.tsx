import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../i18n/translate.ts';
import { Select, TextField } from '../../view/controls.tsx';
import type { Manifest } from '../manifest.ts';
import { NumberField } from './number-field.tsx';
import {
  breakCircuits,
  exposeService,
  type MtlsMode,
  type MtlsScope,
  setMtls,
} from './policy-rules.ts';
import { RoutingForm } from './routing-form.tsx';
import { ShiftingForm } from './shifting-form.tsx';
import { injectFault, setPatience } from './traffic-rules.ts';
import type { WizardTarget } from './wizard-input.ts';
import type { WizardName } from './wizard-names.ts';

/** What every form gets, and what it tells: the objects that fit what is filled in. */
export interface FormProps {
  readonly target: WizardTarget;
  readonly onManifests: (manifests: readonly Manifest[]) => void;
}

/** Tells the objects at the beginning and whenever a choice changes. */
const useManifests = <T,>(
  { target, onManifests }: FormProps,
  choice: T,
  build: (target: WizardTarget, choice: T) => readonly Manifest[],
): void => {
  useEffect(() => onManifests(build(target, choice)), [target, onManifests, choice, build]);
};

const FaultForm = (props: FormProps): VNode => {
  const [choice, setChoice] = useState({
    delayMs: 2000,
    delayPercent: 50,
    abortStatus: 503,
    abortPercent: 0,
  });
  useManifests(props, choice, injectFault);
  const set = (change: Partial<typeof choice>): void => setChoice({ ...choice, ...change });
  return (
    <fieldset>
      <NumberField
        label={t('wizard.delay')}
        unit="ms"
        value={choice.delayMs}
        max={600_000}
        onChange={(delayMs) => set({ delayMs })}
      />
      <NumberField
        label={t('wizard.delayPercent')}
        unit="%"
        value={choice.delayPercent}
        max={100}
        onChange={(delayPercent) => set({ delayPercent })}
      />
      <NumberField
        label={t('wizard.abortStatus')}
        unit=""
        value={choice.abortStatus}
        max={599}
        onChange={(abortStatus) => set({ abortStatus })}
      />
      <NumberField
        label={t('wizard.abortPercent')}
        unit="%"
        value={choice.abortPercent}
        max={100}
        onChange={(abortPercent) => set({ abortPercent })}
      />
    </fieldset>
  );
};

const PatienceForm = (props: FormProps): VNode => {
  const [choice, setChoice] = useState({
    timeoutMs: 10_000,
    attempts: 3,
    perTryTimeoutMs: 2000,
    retryOn: '5xx,reset,connect-failure',
  });
  useManifests(props, choice, setPatience);
  const set = (change: Partial<typeof choice>): void => setChoice({ ...choice, ...change });
  return (
    <fieldset>
      <NumberField
        label={t('wizard.timeout')}
        unit="ms"
        value={choice.timeoutMs}
        max={3_600_000}
        onChange={(timeoutMs) => set({ timeoutMs })}
      />
      <NumberField
        label={t('wizard.attempts')}
        unit=""
        value={choice.attempts}
        max={25}
        onChange={(attempts) => set({ attempts })}
      />
      <NumberField
        label={t('wizard.perTry')}
        unit="ms"
        value={choice.perTryTimeoutMs}
        max={3_600_000}
        onChange={(perTryTimeoutMs) => set({ perTryTimeoutMs })}
      />
      <TextField
        label={t('wizard.retryOn')}
        isLabelShown
        value={choice.retryOn}
        onInput={(retryOn) => set({ retryOn })}
      />
    </fieldset>
  );
};

const BreakerForm = (props: FormProps): VNode => {
  const [choice, setChoice] = useState({
    maxConnections: 100,
    maxPendingRequests: 64,
    maxRequestsPerConnection: 0,
    consecutiveErrors: 5,
    intervalMs: 10_000,
    ejectionMs: 30_000,
    maxEjectionPercent: 50,
  });
  useManifests(props, choice, breakCircuits);
  const fields = [
    ['maxConnections', ''],
    ['maxPendingRequests', ''],
    ['maxRequestsPerConnection', ''],
    ['consecutiveErrors', ''],
    ['intervalMs', 'ms'],
    ['ejectionMs', 'ms'],
    ['maxEjectionPercent', '%'],
  ] as const;
  return (
    <fieldset>
      {fields.map(([name, unit]) => (
        <NumberField
          key={name}
          label={t(`wizard.${name}`)}
          unit={unit}
          value={choice[name]}
          max={name === 'maxEjectionPercent' ? 100 : 1_000_000}
          onChange={(value) => setChoice({ ...choice, [name]: value })}
        />
      ))}
    </fieldset>
  );
};

type ScopeName = MtlsScope['of'];

const scopeOf = (of: ScopeName, { namespace, host }: WizardTarget): MtlsScope => {
  if (of === 'mesh') return { of };
  return of === 'namespace' ? { of, namespace } : { of, namespace, app: host };
};

const buildMtls = (
  target: WizardTarget,
  { of, mode }: { of: ScopeName; mode: MtlsMode },
): readonly Manifest[] => setMtls(scopeOf(of, target), mode);

const MtlsForm = (props: FormProps): VNode => {
  const [choice, setChoice] = useState<{ of: ScopeName; mode: MtlsMode }>({
    of: 'workload',
    mode: 'STRICT',
  });
  useManifests(props, choice, buildMtls);
  return (
    <fieldset>
      <Select
        label={t('wizard.scope')}
        isLabelShown
        value={choice.of}
        choices={(['mesh', 'namespace', 'workload'] as const).map((value) => ({
          value,
          label: t(`wizard.scope.${value}`),
        }))}
        onChange={(of) => setChoice({ ...choice, of })}
      />
      <Select
        label={t('wizard.mode')}
        isLabelShown
        value={choice.mode}
        choices={(['STRICT', 'PERMISSIVE', 'DISABLE'] as const).map((value) => ({
          value,
          label: t(`wizard.mode.${value}`),
        }))}
        onChange={(mode) => setChoice({ ...choice, mode })}
      />
    </fieldset>
  );
};

const ExposureForm = (props: FormProps): VNode => {
  const [choice, setChoice] = useState({
    publicHost: `${props.target.host}.example.com`,
    pathPrefix: '/',
    credentialName: '',
    gatewayLabel: 'ingressgateway',
  });
  useManifests(props, choice, exposeService);
  const fields = ['publicHost', 'pathPrefix', 'credentialName', 'gatewayLabel'] as const;
  return (
    <fieldset>
      {fields.map((name) => (
        <TextField
          key={name}
          label={t(`wizard.${name}`)}
          isLabelShown
          value={choice[name]}
          onInput={(value) => setChoice({ ...choice, [name]: value.trim() })}
        />
      ))}
    </fieldset>
  );
};

const forms: Readonly<Record<WizardName, (props: FormProps) => VNode>> = {
  shifting: ShiftingForm,
  routing: RoutingForm,
  faults: FaultForm,
  patience: PatienceForm,
  breaking: BreakerForm,
  mtls: MtlsForm,
  exposure: ExposureForm,
};

/** The form of a wizard. */
export const formOf = (name: WizardName): ((props: FormProps) => VNode) => forms[name];
