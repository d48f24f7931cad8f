import type { Graph, Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useCallback, useMemo, useRef, useState } from 'preact/hooks';
import { chosenNamespaces, timeWindow } from '../app/preferences.ts';
import { route, setQuery } from '../app/route.ts';
import { withQuery } from '../data/api-client.ts';
import { isPaused } from '../data/live-events.ts';
import { useResource } from '../data/resource.ts';
import { t } from '../i18n/translate.ts';
import { warningText } from '../i18n/warning.ts';
import { Banner, Empty, errorText, Skeleton } from '../view/feedback.tsx';
import type { Focus } from './canvas/focus.ts';
import type { GraphStage } from './canvas/stage.ts';
import { GraphCanvas } from './graph-canvas.tsx';
import { GraphLegend } from './graph-legend.tsx';
import { findIn, type PlacedGraph, predicateOf, usePlacedGraph } from './graph-scene.ts';
import { graphSettings } from './graph-settings.ts';
import { GraphTable } from './graph-table.tsx';
import { GraphToolbar } from './graph-toolbar.tsx';
import { Replay } from './replay.tsx';
import { GraphPanel, panelWidthPx } from './side-panel.tsx';
import { ZoomButtons } from './zoom-buttons.tsx';

const graphPath = (atMs: number | undefined): string => {
  const { view, showsIdle, showsServices } = graphSettings.value;
  return withQuery('graph', {
    view,
    window: timeWindow.value,
    namespaces: chosenNamespaces.value.join(','),
    services: showsServices && view !== 'service' ? 'true' : undefined,
    idle: showsIdle ? undefined : 'false',
    at: atMs,
  });
};

const noPath: ReadonlySet<string> = new Set();

/** The live graph, or the same as tables. */
export const GraphPage = ({ status }: { status: Status | undefined }): VNode => {
  const [atMs, setAt] = useState<number | undefined>(undefined);
  const [stage, setStage] = useState<GraphStage | undefined>(undefined);
  const settings = graphSettings.value;
  const { query } = route.value;
  const hide = query['hide'] ?? '';
  const find = query['find'] ?? '';
  const selected = query['at'];
  const resource = useResource<Graph>(
    graphPath(atMs),
    atMs === undefined ? ['metrics', 'config'] : [],
    {
      keep: true,
    },
  );
  const placed = usePlacedGraph(resource.value, settings, hide);
  const picture = placed?.picture;
  const focus: Focus = useMemo(
    () => ({
      selected,
      hovered: undefined,
      found: picture === undefined ? noPath : findIn(picture, predicateOf(find)),
      path: noPath,
    }),
    [picture, find, selected],
  );
  const isTable = query['as'] === 'table';
  return (
    <div class="graph-page">
      <GraphToolbar find={find} hide={hide} found={focus.found.size} isTable={isTable} />
      {resource.error === undefined ? null : (
        <Banner kind="bad">{errorText(resource.error)}</Banner>
      )}
      <Warnings graph={resource.value} status={status} />
      <div class="graph-stage">
        {isTable ? (
          <GraphTable placed={placed} />
        ) : (
          <GraphStageView placed={placed} focus={focus} stage={stage} onReady={setStage} />
        )}
        {placed === undefined && resource.isLoading ? <Skeleton rows={4} /> : null}
        <NothingSeen placed={placed} graph={resource.value} isTable={isTable} />
        <GraphPanel graph={resource.value} selected={selected} />
      </div>
      <Replay
        graph={resource.value}
        atMs={atMs}
        onChange={(next) => {
          isPaused.value = false;
          setAt(next);
        }}
      />
    </div>
  );
};

/** Says why there is nothing to see: nothing is there, everything is hidden, or nothing moves. */
const NothingSeen = ({
  placed,
  graph,
  isTable,
}: {
  placed: PlacedGraph | undefined;
  graph: Graph | undefined;
  isTable: boolean;
}): VNode | null => {
  if (placed === undefined || graph === undefined) return null;
  if (placed.picture.nodes.length > 0)
    return graph.edges.length > 0 || isTable ? null : (
      <p class="graph-quiet" role="status">
        {t('graph.quiet')}
      </p>
    );
  return (
    <div class="graph-empty">
      {graph.nodes.length > 0 ? (
        <Empty title={t('graph.hidden')} text={t('graph.hiddenText')} />
      ) : (
        <Empty title={t('graph.empty')} text={t('graph.emptyText')} />
      )}
    </div>
  );
};

const Warnings = ({
  graph,
  status,
}: {
  graph: Graph | undefined;
  status: Status | undefined;
}): VNode | null => {
  const said = [...new Set([...(graph?.warnings ?? []), ...(status?.warnings ?? [])])];
  // Said above the page already, as on every other.
  const isSaid = status?.kubernetes.ok === false;
  const all = said.filter((warning) => !(isSaid && /^the Kubernetes API/.test(warning)));
  if (all.length === 0) return null;
  return (
    <Banner kind="warn">
      {all.slice(0, 3).map((warning) => (
        <p key={warning}>{warningText(warning)}</p>
      ))}
    </Banner>
  );
};

const GraphStageView = ({
  placed,
  focus,
  stage,
  onReady,
}: {
  placed: PlacedGraph | undefined;
  focus: Focus;
  stage: GraphStage | undefined;
  onReady: (stage: GraphStage | undefined) => void;
}): VNode => {
  const settings = graphSettings.value;
  const onPick = useCallback((id: string | undefined) => setQuery({ at: id }), []);
  const ready = useRef(onReady);
  ready.current = onReady;
  const announce = useCallback((made: GraphStage | undefined) => ready.current(made), []);
  return (
    <>
      <GraphCanvas
        scene={placed?.scene}
        placement={placed?.placement ?? ''}
        focus={focus}
        animates={settings.animates}
        showsLocks={settings.showsLocks}
        coveredPx={focus.selected === undefined ? 0 : panelWidthPx}
        onPick={onPick}
        onReady={announce}
      />
      <ZoomButtons stage={stage} />
      <GraphLegend picture={placed?.picture} />
    </>
  );
};
