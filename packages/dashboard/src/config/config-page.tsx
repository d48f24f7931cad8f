import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { route } from '../app/route.ts';
import { ConfigListPage } from './config-list.tsx';
import { HistoryView } from './history-view.tsx';
import { ObjectPage } from './object-page.tsx';
import { WizardPage } from './wizard/wizard-page.tsx';

/** The pages of the configuration; fetched when the first of them is opened. */
export const ConfigPage = ({ status }: { status: Status | undefined }): VNode => {
  const { parts } = route.value;
  const [first, namespace, name] = parts;
  if (first === 'new') return <WizardPage status={status} />;
  if (first === 'history') return <HistoryView canWrite={status?.access.canWrite === true} />;
  if (first === undefined || namespace === undefined || name === undefined)
    return <ConfigListPage />;
  return (
    <ObjectPage
      key={parts.join('/')}
      reference={{ kind: first, namespace: namespace === '_' ? '' : namespace, name }}
      status={status}
    />
  );
};
