import type { ConfigDetail, ConfigReference, Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { goTo, linkTo, route, setQuery } from '../app/route.ts';
import { ApiError, sendJson } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { Button, Tabs } from '../view/controls.tsx';
import { Banner, errorText, Loaded } from '../view/feedback.tsx';
import { DiffView } from './diff-view.tsx';
import { HistoryView } from './history-view.tsx';
import { configPath } from './save-documents.ts';
import { Workbench } from './workbench.tsx';

type Tab = 'edit' | 'diff' | 'history';
const tabs: readonly Tab[] = ['edit', 'diff', 'history'];

/** One object: its text, what is changed in it, and how it came to be. */
export const ObjectPage = ({
  reference,
  status,
}: {
  reference: ConfigReference;
  status: Status | undefined;
}): VNode => {
  const resource = useResource<ConfigDetail>(configPath(reference), ['config']);
  return (
    <Loaded resource={resource} rows={12}>
      {(detail) => <Detail detail={detail} status={status} onSaved={resource.reload} />}
    </Loaded>
  );
};

interface DetailProps {
  readonly detail: ConfigDetail;
  readonly status: Status | undefined;
  readonly onSaved: () => void;
}

const Detail = ({ detail, status, onSaved }: DetailProps): VNode => {
  const [text, setText] = useState(detail.yaml);
  const [base, setBase] = useState(detail);
  const isTouched = text !== base.yaml;
  const touched = useRef(isTouched);
  touched.current = isTouched;
  // Somebody else's change replaces the text only while the reader has none of their own.
  useEffect(() => {
    if (touched.current) return;
    setBase(detail);
    setText(detail.yaml);
  }, [detail]);
  const isOvertaken = detail.resourceVersion !== base.resourceVersion;
  const tab = tabs.find((each) => each === route.value.query['tab']) ?? 'edit';
  const takeTheirs = (): void => {
    setBase(detail);
    setText(detail.yaml);
  };
  return (
    <>
      {isOvertaken && isTouched ? (
        <Banner kind="warn">
          {t('config.overtaken')} <Button label={t('config.takeTheirs')} onClick={takeTheirs} />
        </Banner>
      ) : null}
      <Tabs
        label={detail.name}
        value={tab}
        choices={tabs.map((value) => ({ value, label: t(`config.tab.${value}`) }))}
        onChange={(value) => setQuery({ tab: value })}
      >
        {tab === 'edit' ? (
          <Workbench
            text={text}
            namespace={detail.namespace}
            access={status?.access}
            savedText={base.yaml}
            resourceVersion={base.resourceVersion}
            isReadOnly={!detail.isEditable}
            onChange={setText}
            onSaved={([saved]) => {
              if (saved !== undefined) {
                setBase(saved);
                setText(saved.yaml);
              }
              onSaved();
            }}
            tools={detail.isEditable ? <DeleteButton detail={detail} status={status} /> : null}
          />
        ) : null}
        {tab === 'diff' ? <DiffView before={base.yaml} after={text} /> : null}
        {tab === 'history' ? (
          <HistoryView
            kind={detail.kind}
            namespace={detail.namespace}
            name={detail.name}
            canWrite={status?.access.canWrite === true && detail.isEditable}
          />
        ) : null}
      </Tabs>
    </>
  );
};

const DeleteButton = ({
  detail,
  status,
}: {
  detail: ConfigDetail;
  status: Status | undefined;
}): VNode => {
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState('');
  const remove = async (): Promise<void> => {
    try {
      await sendJson('DELETE', configPath(detail));
      goTo(linkTo('config'));
    } catch (error) {
      setProblem(error instanceof ApiError ? errorText(error) : String(error));
    }
  };
  if (!isAsking)
    return (
      <Button
        label={t('config.delete')}
        icon="trash"
        isDisabled={status?.access.canWrite !== true}
        onClick={() => setAsking(true)}
      />
    );
  return (
    <>
      {problem === '' ? null : <span class="text-bad">{problem}</span>}
      <Button label={t('config.keep')} onClick={() => setAsking(false)} />
      <Button
        look="danger"
        icon="trash"
        label={t('config.deleteReally')}
        onClick={() => void remove()}
      />
    </>
  );
};
