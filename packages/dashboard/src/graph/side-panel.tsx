import type { Graph, GraphEdge, GraphNode } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { setQuery } from '../app/route.ts';
import { t } from '../i18n/translate.ts';
import { IconButton } from '../view/controls.tsx';
import { EdgePanel } from './edge-panel.tsx';
import { NodePanel } from './node-panel.tsx';

/** Width of the panel over the right side of the picture, with its margin. */
export const panelWidthPx = 372;

/** All about the chosen node or edge. */
export const GraphPanel = ({
  graph,
  selected,
}: {
  graph: Graph | undefined;
  selected: string | undefined;
}): VNode | null => {
  if (graph === undefined || selected === undefined) return null;
  const node = graph.nodes.find(({ id }) => id === selected);
  const edge = graph.edges.find(({ id }) => id === selected);
  if (node === undefined && edge === undefined) return null;
  return (
    <aside class="side-panel" aria-label={t('panel.label')}>
      <div class="side-panel-close">
        <IconButton
          icon="close"
          label={t('panel.close')}
          onClick={() => setQuery({ at: undefined })}
        />
      </div>
      <Content graph={graph} node={node} edge={edge} />
    </aside>
  );
};

const Content = ({
  graph,
  node,
  edge,
}: {
  graph: Graph;
  node: GraphNode | undefined;
  edge: GraphEdge | undefined;
}): VNode | null => {
  if (node !== undefined) return <NodePanel graph={graph} node={node} />;
  return edge === undefined ? null : <EdgePanel graph={graph} edge={edge} />;
};
