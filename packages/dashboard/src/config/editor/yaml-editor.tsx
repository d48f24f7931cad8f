import type { Diagnostic } from '@lateen/base';
import type { KindSchema } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { getJson } from '../../data/api-client.ts';
import { t } from '../../i18n/translate.ts';
import type { CodeEditor } from './code-editor.ts';

const schemas = new Map<string, Promise<KindSchema | undefined>>();

const schemaOf = (kind: string): Promise<KindSchema | undefined> => {
  if (kind === '') return Promise.resolve(undefined);
  const known = schemas.get(kind);
  if (known !== undefined) return known;
  const asked = getJson<KindSchema>(`schema/${encodeURIComponent(kind)}`).catch(() => undefined);
  schemas.set(kind, asked);
  return asked;
};

interface YamlEditorProps {
  readonly text: string;
  readonly findings: readonly Diagnostic[];
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
  /** Line to go to, with a number that changes at every wish. */
  readonly wish: { readonly line: number; readonly id: number } | undefined;
}

/** The editor; its code is fetched when the first one is opened. */
export const YamlEditor = (props: YamlEditorProps): VNode => {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    let isGone = false;
    void import('./code-editor.ts').then(({ openEditor }) => {
      if (isGone || host.current === null) return;
      host.current.replaceChildren();
      editor.current = openEditor(host.current, {
        text: latest.current.text,
        label: t('config.text'),
        isReadOnly: latest.current.isReadOnly,
        onChange: (text) => latest.current.onChange(text),
        schemaOf,
      });
      editor.current.mark(latest.current.findings);
    });
    return () => {
      isGone = true;
      editor.current?.close();
      editor.current = undefined;
    };
  }, [props.isReadOnly]);
  // Before the next key is handled: later, a text that lags behind would undo what was typed meanwhile.
  useLayoutEffect(() => editor.current?.setText(props.text), [props.text]);
  useEffect(() => editor.current?.mark(props.findings), [props.findings]);
  useEffect(() => {
    if (props.wish !== undefined) editor.current?.goTo(props.wish.line);
  }, [props.wish]);
  return (
    <div class="yaml-editor" ref={host}>
      <pre>{props.text}</pre>
    </div>
  );
};
