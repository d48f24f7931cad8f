import type { ExplainPath, Graph } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { timeWindow } from '../app/preferences.ts';
import { withQuery } from '../data/api-client.ts';
import { useResource } from '../data/resource.ts';
import type { Focus } from '../graph/canvas/focus.ts';
import { GraphCanvas } from '../graph/graph-canvas.tsx';
import { usePlacedGraph } from '../graph/graph-scene.ts';
import { type GraphSettings, graphSettings } from '../graph/graph-settings.ts';
import { addPath, pathIds } from './path-picture.ts';

const nothing = (): void => {};

/** The graph with the way of the request drawn over it. */
export const ExplainMap = ({ path }: { path: ExplainPath | null }): VNode => {
  const resource = useResource<Graph>(
    withQuery('graph', { view: 'versionedApp', window: timeWindow.value }),
    ['metrics', 'config'],
    { keep: true },
  );
  const { showsFrames, showsLocks, animates } = graphSettings.value;
  const settings: GraphSettings = useMemo(
    () => ({ ...graphSettings.value, view: 'versionedApp', labels: ['share'], showsFrames }),
    [showsFrames],
  );
  const graph = useMemo(
    () => (resource.value === undefined ? undefined : addPath(resource.value, path)),
    [resource.value, path],
  );
  const placed = usePlacedGraph(graph, settings, '');
  const focus: Focus = useMemo(
    () => ({
      selected: undefined,
      hovered: undefined,
      found: new Set(),
      path: graph === undefined ? new Set() : pathIds(graph, path),
    }),
    [graph, path],
  );
  return (
    <div class="explain-map">
      <GraphCanvas
        scene={placed?.scene}
        placement={placed?.placement ?? ''}
        focus={focus}
        animates={animates}
        showsLocks={showsLocks}
        coveredPx={0}
        onPick={nothing}
        onReady={nothing}
      />
    </div>
  );
};
