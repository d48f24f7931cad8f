import type { Diagnostic } from '@lateen/base';
import type { Access, ConfigDetail } from '@lateen/telemetry/contract';
import type { ComponentChildren, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError } from '../data/api-client.ts';
import { t } from '../i18n/translate.ts';
import { Card } from '../view/card.tsx';
import { Button } from '../view/controls.tsx';
import { Banner, errorText, Findings } from '../view/feedback.tsx';
import { AccessNotice } from './access-notice.tsx';
import { type DraftAnswers, useDraftAnswers } from './draft.ts';
import { YamlEditor } from './editor/yaml-editor.tsx';
import { PreviewView } from './preview-view.tsx';
import { type Document, pairDocuments, saveDocuments } from './save-documents.ts';

interface WorkbenchProps {
  readonly text: string;
  readonly namespace: string;
  readonly access: Access | undefined;
  /** The text as it is on the server; nothing is to be saved while it is the same. */
  readonly savedText?: string;
  /** Version that was read, for the first document. */
  readonly resourceVersion?: string;
  readonly isReadOnly?: boolean;
  readonly onChange: (text: string) => void;
  readonly onSaved: (saved: readonly ConfigDetail[]) => void;
  readonly tools?: ComponentChildren;
  /** Left of the editor, in the place of nothing: a wizard's form. */
  readonly form?: ComponentChildren;
}

interface SaveState {
  readonly isSaving: boolean;
  readonly problem: string;
  readonly findings: readonly Diagnostic[];
  readonly isDone: boolean;
}

const resting: SaveState = { isSaving: false, problem: '', findings: [], isDone: false };

const refused = (error: unknown): SaveState => ({
  ...resting,
  problem: error instanceof ApiError ? errorText(error) : String(error),
  findings: error instanceof ApiError ? error.problem.diagnostics : [],
});

const documentsOf = (props: WorkbenchProps, answers: DraftAnswers): readonly Document[] => {
  const documents = pairDocuments(props.text, answers.objects) ?? [];
  const { resourceVersion } = props;
  return documents.map((document, index) =>
    index === 0 && resourceVersion !== undefined ? { ...document, resourceVersion } : document,
  );
};

/** Write, see what is wrong and what would change, save: in this order. */
export const Workbench = (props: WorkbenchProps): VNode => {
  const answers = useDraftAnswers(props.text, props.namespace);
  const [state, setState] = useState<SaveState>(resting);
  const [wish, setWish] = useState<{ line: number; id: number } | undefined>(undefined);
  const findings = state.findings.length > 0 ? state.findings : answers.findings;
  const isChanged = props.savedText !== props.text;
  const canSave =
    answers.isValid && !answers.isStale && isChanged && props.access?.canWrite === true;
  const save = async (): Promise<void> => {
    setState({ ...resting, isSaving: true });
    try {
      const saved = await saveDocuments(documentsOf(props, answers));
      setState({ ...resting, isDone: true });
      props.onSaved(saved);
    } catch (error) {
      setState(refused(error));
    }
  };
  return (
    <div class={`workbench${props.form === undefined ? '' : ' has-form'}`}>
      {props.form === undefined ? null : <div class="workbench-form">{props.form}</div>}
      <div class="workbench-text">
        <div class="toolbar">
          {props.isReadOnly === true ? null : (
            <Button
              look="primary"
              icon="check"
              label={t(state.isSaving ? 'config.saving' : 'config.save')}
              isDisabled={!canSave || state.isSaving}
              onClick={() => void save()}
            />
          )}
          <SaveNote state={state} isChanged={isChanged} answers={answers} />
          <span class="grow" />
          {props.tools}
        </div>
        <AccessNotice access={props.access} />
        {state.problem === '' ? null : <Banner kind="bad">{state.problem}</Banner>}
        <YamlEditor
          text={props.text}
          findings={findings}
          isReadOnly={props.isReadOnly === true}
          wish={wish}
          onChange={(text) => {
            setState(resting);
            props.onChange(text);
          }}
        />
      </div>
      <Results
        answers={answers}
        findings={findings}
        onPick={({ position }) => {
          if (position !== undefined) setWish({ line: position.line, id: Date.now() });
        }}
      />
    </div>
  );
};

const SaveNote = ({
  state,
  isChanged,
  answers,
}: {
  state: SaveState;
  isChanged: boolean;
  answers: DraftAnswers;
}): VNode => {
  const note = (): string => {
    if (state.isDone) return t('config.saved');
    if (answers.isStale) return t('config.checking');
    if (!answers.isValid) return t('config.invalid');
    return isChanged ? t('config.valid') : t('config.unchanged');
  };
  return (
    <span class="save-note" role="status">
      {note()}
    </span>
  );
};

const Results = ({
  answers,
  findings,
  onPick,
}: {
  answers: DraftAnswers;
  findings: readonly Diagnostic[];
  onPick: (diagnostic: Diagnostic) => void;
}): VNode => (
  <div class="workbench-results" aria-busy={answers.isStale}>
    {answers.problem === '' ? null : <Banner kind="bad">{answers.problem}</Banner>}
    {findings.length === 0 ? null : (
      <Card title={t('config.findings')}>
        <Findings diagnostics={findings} onPick={onPick} />
      </Card>
    )}
    <Card title={t('preview.title')}>
      <PreviewView preview={answers.preview} />
    </Card>
  </div>
);
