/** A place or a size in the picture's own units: one unit is one CSS pixel at zoom 1. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** An upright rectangle; `x`, `y` is its upper left corner. */
export interface Rect extends Point {
  readonly width: number;
  readonly height: number;
}

/** Something to place. Nodes of one `box` stand above each other; nodes of one `area` stay in one frame. */
export interface LayoutNode {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Versions of one app share it. */
  readonly box?: string;
  /** A namespace of a cluster; absent: the node stands free. */
  readonly area?: string;
  /** The cluster of the area. */
  readonly region?: string;
}

/** A line from node to node. */
export interface LayoutEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
}

/** What is to be placed. `previous` keeps things where they were, as far as the new picture lets them. */
export interface LayoutInput {
  readonly nodes: readonly LayoutNode[];
  readonly edges: readonly LayoutEdge[];
  readonly previous?: ReadonlyMap<string, Point>;
}

/** A frame with the key it was made for. */
export interface Frame extends Rect {
  readonly id: string;
}

/** Where everything stands: centres of nodes, frames, and the points a long edge passes. */
export interface Layout {
  readonly nodes: ReadonlyMap<string, Point>;
  readonly boxes: readonly Frame[];
  readonly areas: readonly Frame[];
  readonly regions: readonly Frame[];
  /** Points between source and target, left to right; absent for direct edges. */
  readonly waypoints: ReadonlyMap<string, readonly Point[]>;
  readonly bounds: Rect;
}
