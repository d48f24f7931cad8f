import type { Graph, GraphEdge, GraphNode } from '@lateen/telemetry/contract';
import {
  formatBytes,
  formatMs,
  formatNumber,
  formatRate,
  formatShare,
} from '../format/quantity.ts';
import type { FindPredicate } from './find-expression.ts';
import type { EdgeLabel, GraphSettings, Percentile } from './graph-settings.ts';
import type { LayoutInput, LayoutNode } from './layout/layout-input.ts';

/** How something is doing, as a colour. */
export type PictureTone = 'ok' | 'warn' | 'bad' | 'tcp' | 'idle';

/** A small sign on a node. */
export type NodeBadge = 'breaker' | 'routed' | 'fault' | 'noProxy' | 'dead';

/** A node as it is drawn. */
export interface PictureNode {
  readonly id: string;
  readonly node: GraphNode;
  readonly title: string;
  /** What tells it apart when there is no room for details: with the version, where there are several. */
  readonly shortTitle: string;
  readonly detail: string;
  readonly tone: PictureTone;
  readonly badges: readonly NodeBadge[];
  readonly width: number;
  readonly height: number;
}

/** An edge as it is drawn. */
export interface PictureEdge {
  readonly id: string;
  readonly edge: GraphEdge;
  readonly source: string;
  readonly target: string;
  /** Rate, share and whatever else was chosen; '' for nothing. */
  readonly label: string;
  /** What stands beside it in the colour of failures; '' when nothing fails. */
  readonly trouble: string;
  readonly tone: PictureTone;
  /** Of the line, 1.25 to 4.5. */
  readonly width: number;
  /** Encrypted all the way; undefined: partly, or nobody knows. */
  readonly isLocked: boolean;
}

/** What is drawn: after hiding, before placing. */
export interface GraphPicture {
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
}

/** Height of a node. */
const nodeHeight = 48;
/** Room left of the title. */
const iconRoom = 44;

/** Wider than the letters are: they grow when the picture is small. */
const textWidth = (text: string): number =>
  [...text].reduce((sum, letter) => sum + ((letter.codePointAt(0) ?? 0) > 0x2e80 ? 16 : 8.8), 0);

/** The same bounds as those of a node's health: a line is not green that leads to what is called failing for it. */
const failingShare = 0.1;
const degradedShare = 0.001;
const failingRefusals = 0.2;
const degradedRefusals = 0.1;

const errorTone = ({ errorShare, clientErrorShare }: GraphEdge): PictureTone => {
  const refusals = clientErrorShare ?? 0;
  if (errorShare === null && clientErrorShare === null) return 'idle';
  if ((errorShare ?? 0) >= failingShare || refusals >= failingRefusals) return 'bad';
  return (errorShare ?? 0) >= degradedShare || refusals >= degradedRefusals ? 'warn' : 'ok';
};

const nodeTone = (node: GraphNode): PictureTone => {
  if (node.health.state === 'failing') return 'bad';
  if (node.health.state === 'degraded') return 'warn';
  if (node.health.state === 'idle' || node.flags.isIdle) return 'idle';
  return node.health.state === 'unknown' ? 'idle' : 'ok';
};

const edgeTone = (edge: GraphEdge): PictureTone => {
  if (edge.protocol === 'tcp')
    return edge.bytesPerSecondOut + edge.bytesPerSecondIn > 0 ? 'tcp' : 'idle';
  return edge.requestsPerSecond > 0 ? errorTone(edge) : 'idle';
};

const nodeBadges = ({ flags }: GraphNode): NodeBadge[] => {
  const badges: NodeBadge[] = [];
  if (flags.isDead) badges.push('dead');
  if (flags.isMissingProxy) badges.push('noProxy');
  if (flags.hasFaultInjection) badges.push('fault');
  if (flags.hasVirtualService || flags.hasTrafficShifting) badges.push('routed');
  if (flags.hasCircuitBreaker) badges.push('breaker');
  return badges;
};

const nodeDetail = ({ version, traffic, kind, flags }: GraphNode): string => {
  const parts: string[] = [];
  if (version !== undefined && version !== '' && kind !== 'gateway') parts.push(version);
  const rate = Math.max(
    traffic.inRequestsPerSecond,
    kind === 'gateway' || traffic.inRequestsPerSecond === 0 ? traffic.outRequestsPerSecond : 0,
  );
  if (rate > 0) parts.push(formatRate(rate));
  else if (!flags.isIdle && traffic.inBytesPerSecond > 0)
    parts.push(`${formatBytes(traffic.inBytesPerSecond)}/s`);
  return parts.join('  ');
};

/** Room for a rate below the title: a width that changed with the numbers would move the whole picture. */
const rateRoom = 58;

const widthOf = (node: GraphNode, badges: number): number => {
  const title = textWidth(node.name) + badges * 17;
  const detail = textWidth(node.version ?? '') * 0.88 + rateRoom;
  const width = iconRoom + Math.max(title, detail) + 16;
  return Math.min(300, Math.max(144, Math.ceil(width / 8) * 8));
};

/** Versions of one app are as wide as the widest of them, and named with their versions. */
const alignBoxes = (nodes: readonly PictureNode[]): readonly PictureNode[] => {
  const boxes = Map.groupBy(nodes, ({ node }) => node.boxId ?? '');
  return nodes.map((each) => {
    const box = boxes.get(each.node.boxId ?? '');
    if (each.node.boxId === undefined || box === undefined || box.length === 1) return each;
    const width = Math.max(...box.map((other) => other.width));
    return { ...each, width, shortTitle: `${each.title} ${each.node.version ?? ''}`.trim() };
  });
};

const drawNode = (node: GraphNode): PictureNode => {
  const badges = nodeBadges(node);
  const detail = nodeDetail(node);
  return {
    id: node.id,
    node,
    title: node.name,
    shortTitle: node.name,
    detail,
    tone: nodeTone(node),
    badges,
    width: widthOf(node, badges.length),
    height: nodeHeight,
  };
};

const latencyOf = (edge: GraphEdge, percentile: Percentile): number | null =>
  ({
    average: edge.averageMs,
    p50: edge.p50Ms,
    p90: edge.p90Ms,
    p95: edge.p95Ms,
    p99: edge.p99Ms,
  })[percentile];

const bytesLabel = (edge: GraphEdge): string =>
  `${formatBytes(edge.bytesPerSecondOut + edge.bytesPerSecondIn)}/s`;

const labelPart = (edge: GraphEdge, label: EdgeLabel, percentile: Percentile): string => {
  if (edge.protocol === 'tcp') return label === 'rate' || label === 'bytes' ? bytesLabel(edge) : '';
  switch (label) {
    case 'rate':
      return formatRate(edge.requestsPerSecond);
    case 'share':
      return edge.share < 0.9995 ? formatShare(edge.share) : '';
    case 'latency': {
      const ms = latencyOf(edge, percentile);
      return ms === null ? '' : formatMs(ms);
    }
    case 'errors':
      return '';
    case 'bytes':
      return bytesLabel(edge);
  }
};

/** Between the parts of a label. */
export const labelGap = '  ';

const edgeLabel = (edge: GraphEdge, { labels, percentile }: GraphSettings): string => {
  if (edgeTone(edge) === 'idle') return '';
  const parts = labels.map((label) => labelPart(edge, label, percentile));
  return [...new Set(parts)].filter((part) => part !== '').join(labelGap);
};

const edgeTrouble = (edge: GraphEdge, { labels }: GraphSettings): string => {
  if (edge.protocol === 'tcp' || edgeTone(edge) === 'idle' || !labels.includes('errors')) return '';
  if ((edge.errorShare ?? 0) > 0) return `✕ ${formatShare(edge.errorShare)}`;
  const refusals = edge.clientErrorShare ?? 0;
  return refusals >= degradedRefusals ? `4xx ${formatShare(refusals)}` : '';
};

/** Thickness grows with the logarithm: ten times the traffic is one step. */
const edgeWidth = (edge: GraphEdge): number => {
  const amount =
    edge.protocol === 'tcp'
      ? (edge.bytesPerSecondOut + edge.bytesPerSecondIn) / 1000
      : edge.requestsPerSecond;
  return Math.min(4.5, 1.25 + Math.log10(1 + amount) * 1.1);
};

const drawEdge = (edge: GraphEdge, settings: GraphSettings): PictureEdge => ({
  id: edge.id,
  edge,
  source: edge.source,
  target: edge.target,
  label: edgeLabel(edge, settings),
  trouble: edgeTrouble(edge, settings),
  tone: edgeTone(edge),
  width: edgeWidth(edge),
  isLocked: (edge.mtlsShare ?? 0) >= 0.999,
});

/** Turns an answer into what is drawn, without what `hides` matches and lines that lost an end. */
export const drawGraph = (
  graph: Graph,
  settings: GraphSettings,
  hides: FindPredicate,
): GraphPicture => {
  const nodes = graph.nodes.filter((node) => !hides({ type: 'node', node }));
  const known = new Set(nodes.map((node) => node.id));
  const edges = graph.edges.filter(
    (edge) => known.has(edge.source) && known.has(edge.target) && !hides({ type: 'edge', edge }),
  );
  return {
    nodes: alignBoxes(nodes.map(drawNode)),
    edges: edges.map((edge) => drawEdge(edge, settings)),
  };
};

/** Key of the frame a node stands in; undefined: it stands free. */
const areaOf = ({ node }: PictureNode): string | undefined =>
  node.namespace === '' || node.kind === 'external' || node.kind === 'unknown'
    ? undefined
    : `${node.cluster}/${node.namespace}`;

const layoutNode = (node: PictureNode, framed: boolean, severalClusters: boolean): LayoutNode => {
  const area = framed ? areaOf(node) : undefined;
  return {
    id: node.id,
    width: node.width,
    height: node.height,
    ...(node.node.boxId === undefined ? {} : { box: node.node.boxId }),
    ...(area === undefined ? {} : { area }),
    ...(area !== undefined && severalClusters ? { region: node.node.cluster } : {}),
  };
};

/** What the layout gets to see of a picture. */
export const layoutInput = (picture: GraphPicture, settings: GraphSettings): LayoutInput => {
  const clusters = new Set(picture.nodes.flatMap(({ node }) => node.cluster || []));
  return {
    nodes: picture.nodes.map((node) => layoutNode(node, settings.showsFrames, clusters.size > 1)),
    edges: picture.edges.map(({ id, source, target }) => ({ id, source, target })),
  };
};

/** Two pictures with the same key are placed alike: numbers on them may change without anything moving. */
export const layoutKey = (input: LayoutInput): string =>
  [
    ...input.nodes.map(({ id, width, box, area }) => `${id} ${width} ${box} ${area}`).sort(),
    ...input.edges.map(({ source, target }) => `${source}>${target}`).sort(),
  ].join('\n');

/** One sentence about a node, to be read out. */
export const describeNode = ({ title, node }: PictureNode): string =>
  [
    title,
    node.version ?? '',
    node.namespace,
    `${formatNumber(node.traffic.inRequestsPerSecond)}/s`,
    node.traffic.inErrorShare === null ? '' : formatShare(node.traffic.inErrorShare),
  ]
    .filter((part) => part !== '')
    .join(', ');
