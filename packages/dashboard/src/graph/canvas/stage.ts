import { surround } from '../layout/arrange.ts';
import type { Point, Rect } from '../layout/layout-input.ts';
import {
  type Camera,
  fitCamera,
  mixCameras,
  type Pinch,
  pinchCamera,
  startCamera,
  toPicture,
  zoomAt,
} from './camera.ts';
import { type Focus, litBy, noFocus } from './focus.ts';
import { paintAbove, paintBelow } from './paint-scene.ts';
import { type Palette, readPalette } from './palette.ts';
import { findAt, type Scene } from './scene.ts';
import { planTraffic, type Traffic } from './traffic.ts';
import { openTrafficLayer, type TrafficLayer } from './traffic-layer.ts';

/** What the stage tells its owner. */
export interface StageEvents {
  readonly onHover: (id: string | undefined) => void;
  readonly onPick: (id: string | undefined) => void;
}

/** What the owner may switch. */
export interface StageOptions {
  readonly animates: boolean;
  readonly showsLocks: boolean;
}

/** Room around a picture that is fitted. */
const fitMargin = 36;
/** Height of the strip at the lower edge that the legend stands on. */
const legendPx = 30;
/** Nearer to the border than this, a thing is not well seen. */
const seenMargin = 12;
/** Smaller than this a picture is not fitted beside a panel, only moved: its texts would go. */
const leastBeside = 0.46;
/** Up to this width the panel is a sheet over the lower part instead, as the style has it. */
const sheetPx = 760;
const uncoveredBySheet = 0.4;
/** Room, in the picture, around the way of a request. */
const wayMargin = 40;
/** How long moving to another view takes. */
const glideMs = 280;
/** A press that moves less than this is a click. */
const clickSlack = 4;
/** With more lines than this the picture is moved as it is, and painted anew when it stands still. */
const crowdEdges = 400;
/** Still for this long means: it stands. */
const settleMs = 90;
/** How near, on the screen, a line is meant. */
const reach = 7;

const emptyScene: Scene = {
  nodes: [],
  nodeById: new Map(),
  edges: [],
  edgeById: new Map(),
  boxes: [],
  areas: [],
  regions: [],
  bounds: { x: 0, y: 0, width: 1, height: 1 },
};

/**
 * The drawing surface: three canvases above each other. Lines and frames below, nodes and texts on top, both painted when
 * something changes; between them the dots, painted every frame. Knows nothing of where the data come from.
 */
export class GraphStage {
  readonly #below: CanvasRenderingContext2D;
  readonly #above: CanvasRenderingContext2D;
  readonly #dots: TrafficLayer;
  readonly #host: HTMLElement;
  readonly #events: StageEvents;
  readonly #observer: ResizeObserver;
  readonly #abort = new AbortController();
  #palette: Palette = readPalette();
  #scene: Scene = emptyScene;
  #traffic: Traffic = { streams: [] };
  #focus: Focus = noFocus;
  #lit: ReadonlySet<string> | undefined;
  #options: StageOptions = { animates: true, showsLocks: true };
  #camera: Camera = { x: 0, y: 0, scale: 1 };
  #hasMoved = false;
  #isDirty = true;
  #frame = 0;
  #glide: { from: Camera; to: Camera; startMs: number } | undefined;
  #drag: { x: number; y: number; camera: Camera; moved: boolean } | undefined;
  /** Fingers on the surface, by pointer. */
  readonly #fingers = new Map<number, Point>();
  #pinch: { camera: Camera; from: Pinch } | undefined;
  /** The view that the canvases were painted for. */
  #painted: Camera | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  /** Right part of the surface that a panel covers. */
  #coveredPx = 0;

  constructor(host: HTMLElement, canvases: readonly HTMLCanvasElement[], events: StageEvents) {
    const [below, above] = [canvases[0], canvases[2]].map((canvas) => canvas?.getContext('2d'));
    const dots = canvases[1];
    if (!below || !dots || !above) throw new Error('this browser has no canvas');
    this.#host = host;
    this.#below = below;
    this.#above = above;
    this.#dots = openTrafficLayer(dots);
    this.#events = events;
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
    this.#listen();
    this.#resize();
    this.#frame = requestAnimationFrame((ms) => this.#tick(ms));
  }

  /** Ends everything; the stage is not used afterwards. */
  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#settling);
    this.#observer.disconnect();
    this.#abort.abort();
    this.#dots.close();
  }

  /** Shows another scene; the view stays unless nobody moved it yet and `isMoved` says the picture changed. */
  show(scene: Scene, isMoved: boolean): void {
    const isFirst = this.#scene === emptyScene;
    this.#scene = scene;
    this.#traffic = planTraffic(scene);
    this.#refresh();
    if (isFirst) {
      this.#camera = startCamera(this.#fitted(), this.#scene.bounds, this.#free());
      if (this.#focus.selected !== undefined) this.reveal(this.#focus.selected);
    }
    if (!isFirst && isMoved && !this.#hasMoved) this.#glideTo(this.#fitted());
  }

  /** Changes what is looked at. */
  focus(focus: Focus): void {
    const isOtherWay = [...focus.path].join() !== [...this.#focus.path].join();
    this.#focus = focus;
    this.#refresh();
    if (isOtherWay && !this.#hasMoved && this.#scene !== emptyScene) this.#glideTo(this.#fitted());
  }

  /** Switches animation and locks. */
  configure(options: StageOptions): void {
    this.#options = options;
    this.#isDirty = true;
  }

  /** Reads the colours again: the theme changed. */
  repaint(): void {
    this.#palette = readPalette();
    this.#isDirty = true;
  }

  /** Leaves so many pixels on the right free; a chosen node that would be covered is moved into sight. */
  cover(px: number): void {
    if (px === this.#coveredPx) return;
    this.#coveredPx = px;
    if (px === 0 && !this.#hasMoved && this.#scene !== emptyScene) this.#glideTo(this.#fitted());
    if (px > 0 && this.#focus.selected !== undefined) this.reveal(this.#focus.selected);
  }

  /** Shows everything. */
  fit(): void {
    this.#hasMoved = false;
    this.#glideTo(this.#fitted());
  }

  /** Comes nearer (factor above 1) or goes farther, about the middle. */
  zoom(factor: number): void {
    const { width, height } = this.#free();
    this.#hasMoved = true;
    this.#glideTo(zoomAt(this.#camera, { x: width / 2, y: height / 2 }, factor));
  }

  /** Moves the view so that a node, or both ends of a line, are seen. */
  reveal(id: string): void {
    const rect = this.#rectOf(id);
    if (rect === undefined) return;
    const free = this.#free();
    const { scale, x, y } = this.#camera;
    const left = rect.x * scale + x;
    const top = rect.y * scale + y;
    const isSeen =
      left > seenMargin &&
      top > seenMargin &&
      left + rect.width * scale < free.width - seenMargin &&
      top + rect.height * scale < free.height - seenMargin;
    if (isSeen) return;
    const beside = fitCamera(this.#scene.bounds, this.#legendFree(free), fitMargin);
    if (!this.#hasMoved && beside.scale >= leastBeside) {
      this.#glideTo(beside);
      return;
    }
    const near = Math.max(Math.min(scale, (free.width - fitMargin * 2) / rect.width), 0.6);
    this.#glideTo({
      scale: near,
      x: free.width / 2 - (rect.x + rect.width / 2) * near,
      y: free.height / 2 - (rect.y + rect.height / 2) * near,
    });
  }

  #rectOf(id: string): Rect | undefined {
    const edge = this.#scene.edgeById.get(id)?.picture;
    if (edge === undefined) return this.#scene.nodeById.get(id);
    const ends = [edge.source, edge.target].flatMap((end) => this.#scene.nodeById.get(end) ?? []);
    return ends.length === 0 ? undefined : surround(ends);
  }

  #refresh(): void {
    this.#lit = litBy(this.#scene, this.#focus);
    this.#isDirty = true;
  }

  #free(): Rect {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#coveredPx === 0) return { x: 0, y: 0, width, height };
    if (width <= sheetPx) return { x: 0, y: 0, width, height: height * uncoveredBySheet };
    return { x: 0, y: 0, width: Math.max(80, width - this.#coveredPx), height };
  }

  #fitted(): Camera {
    const { clientWidth: width, clientHeight } = this.#host;
    const view = this.#legendFree({ x: 0, y: 0, width, height: clientHeight });
    return fitCamera(this.#wayBounds() ?? this.#scene.bounds, view, fitMargin);
  }

  #legendFree(view: Rect): Rect {
    return { ...view, height: view.height - legendPx };
  }

  /** Where the way of an explained request is, with what stands around it. */
  #wayBounds(): Rect | undefined {
    const nodes = [...this.#focus.path].flatMap((id) => this.#scene.nodeById.get(id) ?? []);
    if (nodes.length === 0) return undefined;
    const { x, y, width, height } = surround(nodes);
    return {
      x: x - wayMargin,
      y: y - wayMargin,
      width: width + wayMargin * 2,
      height: height + wayMargin * 2,
    };
  }

  #glideTo(to: Camera): void {
    this.#glide = { from: this.#camera, to, startMs: performance.now() };
  }

  #resize(): void {
    const ratio = devicePixelRatio || 1;
    for (const { canvas } of [this.#below, this.#above]) {
      canvas.width = Math.round(this.#host.clientWidth * ratio);
      canvas.height = Math.round(this.#host.clientHeight * ratio);
    }
    if (!this.#hasMoved && this.#scene !== emptyScene)
      this.#camera = startCamera(this.#fitted(), this.#scene.bounds, this.#free());
    this.#isDirty = true;
    this.#paint();
  }

  #tick(ms: number): void {
    this.#frame = requestAnimationFrame((next) => this.#tick(next));
    this.#followGlide(ms);
    if (this.#isDirty) this.#paint();
  }

  #followGlide(ms: number): void {
    if (this.#glide === undefined) return;
    const part = Math.min(1, Math.max(0, (ms - this.#glide.startMs) / glideMs));
    const eased = 1 - (1 - part) ** 3;
    this.#camera = mixCameras(this.#glide.from, this.#glide.to, eased);
    if (part === 1) this.#glide = undefined;
    this.#isDirty = true;
  }

  /** Paints, or only moves what is painted: a crowd of lines takes longer than a frame. */
  #paint(): void {
    this.#isDirty = false;
    if (this.#isCrowded() && this.#isMoving()) this.#movePainted();
    else this.#paintAll();
    this.#showDots();
  }

  #isCrowded(): boolean {
    return this.#scene.edges.length > crowdEdges && this.#painted !== undefined;
  }

  #isMoving(): boolean {
    return this.#drag?.moved === true || this.#glide !== undefined || this.#settling !== undefined;
  }

  #paintAll(): void {
    const look = {
      palette: this.#palette,
      camera: this.#camera,
      focus: this.#focus,
      lit: this.#lit,
      showsLocks: this.#options.showsLocks,
    };
    const ratio = devicePixelRatio || 1;
    this.#transform('');
    paintBelow({ ...look, canvas: this.#below }, this.#scene, ratio);
    paintAbove({ ...look, canvas: this.#above }, this.#scene, ratio);
    this.#painted = this.#camera;
  }

  #movePainted(): void {
    const from = this.#painted ?? this.#camera;
    const scale = this.#camera.scale / from.scale;
    const x = this.#camera.x - from.x * scale;
    const y = this.#camera.y - from.y * scale;
    this.#transform(`matrix(${scale}, 0, 0, ${scale}, ${x}, ${y})`);
    this.#settle();
  }

  /** Counts as moving until nothing happened for a while; then all is painted as it should be. */
  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#isDirty = true;
    }, settleMs);
  }

  #transform(transform: string): void {
    for (const { canvas } of [this.#below, this.#above]) canvas.style.transform = transform;
  }

  #showDots(): void {
    const { width, height } = this.#below.canvas;
    this.#dots.show({
      traffic: this.#traffic,
      camera: this.#camera,
      palette: this.#palette,
      lit: this.#lit,
      animates: this.#options.animates,
      pixelRatio: devicePixelRatio || 1,
      width,
      height,
    });
  }

  #listen(): void {
    const { signal } = this.#abort;
    const host = this.#host;
    host.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false, signal });
    host.addEventListener('pointerdown', (event) => this.#onDown(event), { signal });
    host.addEventListener('pointermove', (event) => this.#onMove(event), { signal });
    host.addEventListener('pointerup', (event) => this.#onUp(event), { signal });
    host.addEventListener('pointercancel', (event) => this.#onCancel(event), { signal });
    host.addEventListener('pointerleave', () => this.#events.onHover(undefined), { signal });
    host.addEventListener('dblclick', () => this.fit(), { signal });
  }

  #place(event: MouseEvent): Point {
    const { left, top } = this.#host.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  }

  #idAt(at: Point): string | undefined {
    const found = findAt(this.#scene, toPicture(at, this.#camera), reach / this.#camera.scale);
    if (found === undefined) return undefined;
    return 'node' in found ? found.node : found.edge;
  }

  #onWheel(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 24 : 1;
    const strength = event.ctrlKey ? 0.01 : 0.0016;
    this.#glide = undefined;
    this.#hasMoved = true;
    const factor = Math.exp(-event.deltaY * lines * strength);
    this.#camera = zoomAt(this.#camera, this.#place(event), factor);
    this.#settle();
    this.#isDirty = true;
  }

  #onDown(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#host.setPointerCapture(event.pointerId);
    this.#glide = undefined;
    this.#fingers.set(event.pointerId, this.#place(event));
    const pinch = this.#pinchNow();
    if (pinch !== undefined) {
      this.#pinch = { camera: this.#camera, from: pinch };
      this.#drag = undefined;
      return;
    }
    this.#drag = { ...this.#place(event), camera: this.#camera, moved: false };
  }

  #onMove(event: PointerEvent): void {
    const at = this.#place(event);
    if (this.#fingers.has(event.pointerId)) this.#fingers.set(event.pointerId, at);
    if (this.#followPinch()) return;
    const drag = this.#drag;
    if (drag === undefined) {
      const id = this.#idAt(at);
      this.#host.style.cursor = id === undefined ? 'grab' : 'pointer';
      this.#events.onHover(id);
      return;
    }
    const dx = at.x - drag.x;
    const dy = at.y - drag.y;
    if (Math.hypot(dx, dy) > clickSlack) drag.moved = true;
    if (!drag.moved) return;
    this.#hasMoved = true;
    this.#host.style.cursor = 'grabbing';
    this.#camera = { ...drag.camera, x: drag.camera.x + dx, y: drag.camera.y + dy };
    this.#isDirty = true;
  }

  /** Two fingers, as long as there are exactly two. */
  #pinchNow(): Pinch | undefined {
    const [a, b, ...more] = this.#fingers.values();
    if (a === undefined || b === undefined || more.length > 0) return undefined;
    return {
      x: (a.x + b.x) / 2,
      y: (a.y + b.y) / 2,
      span: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)),
    };
  }

  #followPinch(): boolean {
    const now = this.#pinchNow();
    if (this.#pinch === undefined || now === undefined) return false;
    this.#camera = pinchCamera(this.#pinch.camera, this.#pinch.from, now);
    this.#hasMoved = true;
    this.#settle();
    this.#isDirty = true;
    return true;
  }

  #onCancel(event: PointerEvent): void {
    this.#fingers.delete(event.pointerId);
    this.#pinch = undefined;
    this.#drag = undefined;
  }

  #onUp(event: PointerEvent): void {
    const drag = this.#drag;
    this.#onCancel(event);
    this.#host.style.cursor = 'grab';
    if (drag === undefined || drag.moved) return;
    this.#events.onPick(this.#idAt(this.#place(event)));
  }
}
