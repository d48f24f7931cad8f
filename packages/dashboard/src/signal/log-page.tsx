import type { WorkloadList } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { chosenNamespaces } from '../app/preferences.ts';
import { route, setQuery } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { Select } from '../view/controls.tsx';
import { Loaded } from '../view/feedback.tsx';
import { LogView } from './log-view.tsx';

/** Logs of a workload, or of a pod the reader came from. */
export const LogPage = (): VNode => {
  const resource = useResource<WorkloadList>(
    withQuery('workloads', { namespaces: chosenNamespaces.value.join(',') }),
    ['config'],
    { keep: true },
  );
  const { query } = route.value;
  const pod = query['pod'];
  return (
    <Loaded resource={resource}>
      {({ workloads }) => {
        const names = workloads.map(({ namespace, name }) => `${namespace}/${name}`);
        const fallback = names.find((name) => !name.startsWith('istio-system/')) ?? names[0] ?? '';
        const chosen = query['of'] ?? fallback;
        const [namespace = 'default', name = ''] = chosen.split('/');
        return (
          <>
            <div class="toolbar">
              <Select
                label={t('node.workload')}
                value={pod === undefined ? chosen : ''}
                choices={[
                  ...(pod === undefined ? [] : [{ value: '', label: pod }]),
                  ...names.map((value) => ({ value, label: value })),
                ]}
                onChange={(of) => setQuery({ of, pod: undefined, in: undefined })}
              />
            </div>
            {pod === undefined ? (
              <LogView key={chosen} namespaces={[namespace]} workload={name} />
            ) : (
              <LogView key={pod} namespaces={[query['in'] ?? 'default']} pod={pod} />
            )}
          </>
        );
      }}
    </Loaded>
  );
};
