import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic as EditorFinding, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import type { Diagnostic } from '@lateen/base';
import type { KindSchema } from '@lateen/telemetry/contract';
import { tags } from '@lezer/highlight';
import { suggest } from './schema-completion.ts';
import { yamlCursor } from './yaml-cursor.ts';

/** What an editor needs from outside. */
export interface EditorOptions {
  readonly text: string;
  readonly label: string;
  readonly isReadOnly: boolean;
  readonly onChange: (text: string) => void;
  /** Schema of a kind, undefined when nobody knows it. */
  readonly schemaOf: (kind: string) => Promise<KindSchema | undefined>;
}

/** A text editor in the page. */
export interface CodeEditor {
  /** Replaces the text from outside; the cursor stays where it can. */
  readonly setText: (text: string) => void;
  /** Marks findings; those without a place stand at the first line. */
  readonly mark: (findings: readonly Diagnostic[]) => void;
  /** Goes to a line, counted from 1. */
  readonly goTo: (line: number) => void;
  readonly close: () => void;
}

const looks = EditorView.theme({
  '&': { fontSize: '12.5px', height: '100%', backgroundColor: 'var(--surface)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.6' },
  '.cm-content': { caretColor: 'var(--ink)', padding: '10px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink-3)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--accent-soft) 45%, transparent)',
  },
  '.cm-selectionBackground, &.cm-focused .cm-selectionBackground': {
    backgroundColor: 'var(--accent-soft) !important',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line)',
    borderRadius: '8px',
    boxShadow: 'var(--shadow)',
    color: 'var(--ink)',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--accent-soft)',
    color: 'var(--ink)',
  },
  '.cm-completionDetail': { color: 'var(--ink-3)', fontStyle: 'normal' },
  '.cm-completionInfo': { maxWidth: '340px', padding: '8px 10px', fontFamily: 'var(--font)' },
  '.cm-diagnostic': { padding: '6px 10px', fontFamily: 'var(--font)' },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--ink)' },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: 'var(--tcp)' },
  { tag: [tags.comment, tags.meta], color: 'var(--ink-3)' },
  { tag: [tags.punctuation, tags.separator], color: 'var(--ink-3)' },
]);

const complete =
  (schemaOf: EditorOptions['schemaOf']) =>
  async (context: CompletionContext): Promise<CompletionResult | null> => {
    const line = context.state.doc.lineAt(context.pos);
    const cursor = yamlCursor(
      context.state.doc.toString(),
      line.number - 1,
      context.pos - line.from,
    );
    if (!context.explicit && cursor.typed === '' && cursor.key === undefined) return null;
    const schema = await schemaOf(cursor.kind);
    if (schema === undefined) return null;
    return {
      from: context.pos - cursor.typed.length,
      options: suggest(schema, cursor).map(({ label, insert, detail, info }) => ({
        label,
        apply: insert,
        detail,
        ...(info === '' ? {} : { info }),
      })),
      validFor: /^[\w.*/-]*$/,
    };
  };

const toFinding = (state: EditorState, finding: Diagnostic): EditorFinding => {
  const number = Math.min(state.doc.lines, Math.max(1, finding.position?.line ?? 1));
  const line = state.doc.line(number);
  const indent = line.text.length - line.text.trimStart().length;
  return {
    from: line.from + indent,
    to: Math.max(line.to, line.from + indent),
    severity: finding.severity,
    message: `${finding.message} (${finding.code})`,
  };
};

/** Opens an editor in an element. Tab leaves it, as everywhere else on the page. */
export const openEditor = (parent: HTMLElement, options: EditorOptions): CodeEditor => {
  let isFromOutside = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        indentOnInput(),
        closeBrackets(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        yaml(),
        syntaxHighlighting(colours),
        autocompletion({ override: [complete(options.schemaOf)], icons: false }),
        keymap.of([...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        EditorState.tabSize.of(2),
        EditorState.readOnly.of(options.isReadOnly),
        EditorView.contentAttributes.of({ 'aria-label': options.label, tabindex: '0' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isFromOutside) options.onChange(update.state.doc.toString());
        }),
        looks,
      ],
    }),
  });
  return {
    setText: (text) => {
      if (text === view.state.doc.toString()) return;
      isFromOutside = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      isFromOutside = false;
    },
    mark: (findings) => {
      view.dispatch(
        setDiagnostics(
          view.state,
          findings.map((finding) => toFinding(view.state, finding)),
        ),
      );
    },
    goTo: (number) => {
      const line = view.state.doc.line(Math.min(view.state.doc.lines, Math.max(1, number)));
      view.dispatch({ selection: { anchor: line.from }, scrollIntoView: true });
      view.focus();
    },
    close: () => view.destroy(),
  };
};
