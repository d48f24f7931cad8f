import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../app/preferences.ts';
import { isPaused } from '../data/live-events.ts';
import { t } from '../i18n/translate.ts';
import type { Focus } from './canvas/focus.ts';
import type { Scene } from './canvas/scene.ts';
import { GraphStage } from './canvas/stage.ts';
import { describeNode } from './graph-picture.ts';
import { firstNode, type StepKey, stepFrom } from './graph-steps.ts';

interface GraphCanvasProps {
  readonly scene: Scene | undefined;
  /** Changes when things stand elsewhere than before. */
  readonly placement: string;
  readonly focus: Focus;
  readonly animates: boolean;
  readonly showsLocks: boolean;
  /** Width of a panel over the right side. */
  readonly coveredPx: number;
  readonly onPick: (id: string | undefined) => void;
  /** Is given what moves the view, for buttons outside. */
  readonly onReady: (stage: GraphStage | undefined) => void;
}

const stepKeys: ReadonlySet<string> = new Set(['ArrowRight', 'ArrowLeft', 'ArrowUp', 'ArrowDown']);

const isCalm = (): boolean => matchMedia('(prefers-reduced-motion: reduce)').matches;

/** The moving picture. Keys do all that the pointer does. */
export const GraphCanvas = (props: GraphCanvasProps): VNode => {
  const host = useRef<HTMLDivElement>(null);
  const stage = useRef<GraphStage | undefined>(undefined);
  const placed = useRef('');
  const [hovered, setHovered] = useState<string | undefined>(undefined);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const made = new GraphStage(element, [...element.querySelectorAll('canvas')], {
      onHover: setHovered,
      onPick: (id) => latest.current.onPick(id),
    });
    stage.current = made;
    latest.current.onReady(made);
    return () => {
      made.close();
      latest.current.onReady(undefined);
    };
  }, []);
  const { scene, placement, focus, animates, showsLocks, coveredPx } = props;
  useEffect(() => {
    if (scene === undefined) return;
    stage.current?.show(scene, placed.current !== placement);
    placed.current = placement;
  }, [scene, placement]);
  useEffect(() => stage.current?.focus({ ...focus, hovered }), [focus, hovered]);
  const moves = animates && !isPaused.value && !isCalm();
  useEffect(() => stage.current?.configure({ animates: moves, showsLocks }), [moves, showsLocks]);
  useEffect(() => stage.current?.cover(coveredPx), [coveredPx]);
  const colours = theme.value;
  useEffect(() => stage.current?.repaint(), [colours]);
  return (
    <div
      class="graph-canvas"
      ref={host}
      role="application"
      aria-label={t('graph.canvas')}
      aria-describedby="graph-said"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the picture is moved through by keys
      tabIndex={0}
      onKeyDown={(event) => onKey(event, latest.current, stage.current)}
    >
      <canvas />
      <canvas />
      <canvas />
      <p id="graph-said" class="unseen" aria-live="polite">
        {said(scene, focus.selected)}
      </p>
    </div>
  );
};

const said = (scene: Scene | undefined, id: string | undefined): string => {
  if (scene === undefined) return '';
  const node = id === undefined ? undefined : scene.nodeById.get(id);
  if (node !== undefined) return describeNode(node.picture);
  return t('graph.said', { nodes: scene.nodes.length, edges: scene.edges.length });
};

const onKey = (
  event: KeyboardEvent,
  { scene, focus, onPick }: GraphCanvasProps,
  stage: GraphStage | undefined,
): void => {
  if (scene === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  if (stepKeys.has(event.key)) {
    event.preventDefault();
    const next =
      focus.selected === undefined
        ? firstNode(scene)
        : stepFrom(scene, focus.selected, event.key as StepKey);
    if (next === undefined) return;
    onPick(next);
    stage?.reveal(next);
    return;
  }
  const actions: Readonly<Record<string, () => void>> = {
    Escape: () => onPick(undefined),
    '+': () => stage?.zoom(1.3),
    '=': () => stage?.zoom(1.3),
    '-': () => stage?.zoom(1 / 1.3),
    '0': () => stage?.fit(),
  };
  actions[event.key]?.();
};
