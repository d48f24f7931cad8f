import type { ServiceList, ServiceSummary, Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useCallback, useRef, useState } from 'preact/hooks';
import { goTo, linkTo, route, setQuery } from '../../app/route.ts';
import { useResource } from '../../data/resource.ts';
import { t } from '../../i18n/translate.ts';
import { linkToConfig } from '../../object/config-links.tsx';
import { Select } from '../../view/controls.tsx';
import { Banner, errorText, Loaded, Skeleton } from '../../view/feedback.tsx';
import { type Manifest, printManifests } from '../manifest.ts';
import { Workbench } from '../workbench.tsx';
import { formOf } from './wizard-forms.tsx';
import { type WizardName, wizardNames } from './wizard-names.ts';
import { useWizardTarget } from './wizard-target.ts';

const blankText = (namespace: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: example
  namespace: ${namespace}
spec:
`;

/** Something new: by a wizard, or from a blank page. */
export const WizardPage = ({ status }: { status: Status | undefined }): VNode => {
  const { query } = route.value;
  if (query['wizard'] === 'blank') return <Blank status={status} />;
  const name = wizardNames.find((each) => each === query['wizard']) ?? 'shifting';
  return <Wizard key={name} name={name} status={status} />;
};

const Blank = ({ status }: { status: Status | undefined }): VNode => {
  const [text, setText] = useState(blankText('default'));
  return (
    <Workbench
      text={text}
      namespace="default"
      access={status?.access}
      onChange={setText}
      onSaved={([saved]) => {
        if (saved !== undefined) goTo(linkToConfig(saved));
      }}
    />
  );
};

const Wizard = ({ name, status }: { name: WizardName; status: Status | undefined }): VNode => {
  const resource = useResource<ServiceList>('services', ['config'], { keep: true });
  return (
    <Loaded resource={resource}>
      {({ services }) => <Filled name={name} status={status} services={services} />}
    </Loaded>
  );
};

const isOwn = ({ kind, namespace }: ServiceSummary): boolean =>
  kind === 'Service' && namespace !== 'istio-system' && namespace !== 'kube-system';

const chooseService = (
  services: readonly ServiceSummary[],
  query: Readonly<Record<string, string>>,
): ServiceSummary | undefined =>
  services.find(({ name, namespace }) => name === query['host'] && namespace === query['in']) ??
  services.find((service) => isOwn(service) && service.versions.length > 1) ??
  services.find(isOwn) ??
  services[0];

const Filled = ({
  name,
  status,
  services,
}: {
  name: WizardName;
  status: Status | undefined;
  services: readonly ServiceSummary[];
}): VNode => {
  const service = chooseService(services, route.value.query);
  const { target, error } = useWizardTarget(service);
  const [text, setText] = useState('');
  const [isSaved, setSaved] = useState(false);
  // What stays as it is need not be written again.
  const known = useRef(new Set<Manifest | undefined>());
  known.current = new Set([target?.virtualService, target?.destinationRule]);
  const onManifests = useCallback((manifests: readonly Manifest[]) => {
    setSaved(false);
    setText(printManifests(manifests.filter((manifest) => !known.current.has(manifest))));
  }, []);
  const Form = formOf(name);
  return (
    <>
      {isSaved ? (
        <Banner kind="good">
          {t('wizard.saved')} <a href={linkTo('graph')}>{t('nav.graph')}</a>
        </Banner>
      ) : null}
      <Workbench
        text={text}
        namespace={service?.namespace ?? 'default'}
        access={status?.access}
        onChange={setText}
        onSaved={() => setSaved(true)}
        form={
          <>
            <WizardChoice name={name} services={services} service={service} />
            {error === undefined ? null : <Banner kind="bad">{errorText(error)}</Banner>}
            {target === undefined ? (
              error === undefined && <Skeleton rows={4} />
            ) : (
              <Form
                key={`${target.namespace}/${target.host}`}
                target={target}
                onManifests={onManifests}
              />
            )}
          </>
        }
      />
    </>
  );
};

const WizardChoice = ({
  name,
  services,
  service,
}: {
  name: WizardName;
  services: readonly ServiceSummary[];
  service: ServiceSummary | undefined;
}): VNode => (
  <div class="wizard-choice">
    <Select
      label={t('wizard.which')}
      isLabelShown
      value={name}
      choices={wizardNames.map((value) => ({ value, label: t(`wizard.${value}`) }))}
      onChange={(wizard) => setQuery({ wizard })}
    />
    <Select
      label={t('wizard.service')}
      isLabelShown
      value={`${service?.namespace}/${service?.name}`}
      choices={services.map((each) => ({
        value: `${each.namespace}/${each.name}`,
        label: `${each.name} · ${each.namespace}`,
      }))}
      onChange={(value) => {
        const [namespace, host] = value.split('/');
        setQuery({ host, in: namespace });
      }}
    />
    <p class="text-quiet">{t(`wizard.${name}.text`)}</p>
  </div>
);
