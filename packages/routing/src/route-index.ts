import type { RouteEntry } from './decision.ts';
import { allMillionths } from './fraction.ts';
import { PrefixTree } from './prefix-tree.ts';
import type { Dice, RequestHead } from './request-head.ts';
import { pathOnly } from './request-path.ts';
import type { CompiledMatch, RouteCondition } from './route-match.ts';

/** A route with what it asks for. */
export interface MatchedRoute {
  readonly entry: RouteEntry;
  readonly match: CompiledMatch;
}

/** What is left to test once the index has answered for the path. */
interface Candidate {
  readonly route: MatchedRoute;
  readonly position: number;
  readonly conditions: readonly RouteCondition[];
  /** Undefined: the index's answer is complete. */
  readonly pathTest: ((path: string, head: RequestHead) => boolean) | undefined;
}

/** One draw a request, shared by all routes, as in Envoy. */
class Draw {
  readonly #dice: Dice;
  #value: number | undefined;

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  below(limit: number): boolean {
    this.#value ??= this.#dice(allMillionths);
    return this.#value < limit;
  }
}

const toCandidate = (route: MatchedRoute, pathTest: Candidate['pathTest']): Candidate => ({
  route,
  position: route.entry.position,
  conditions: route.match.conditions,
  pathTest,
});

/** State of one lookup: the best candidate so far, and what tests need. */
class Lookup {
  readonly #head: RequestHead;
  readonly #path: string;
  readonly #draw: Draw;
  best: Candidate | undefined;

  constructor(head: RequestHead, path: string, dice: Dice) {
    this.#head = head;
    this.#path = path;
    this.#draw = new Draw(dice);
  }

  /** Takes the first candidate of an ordered list that holds and comes before the best. */
  readonly consider = (candidates: readonly Candidate[]): void => {
    const limit = this.best === undefined ? Number.POSITIVE_INFINITY : this.best.position;
    for (const candidate of candidates) {
      if (candidate.position >= limit) return;
      if (this.#holds(candidate)) {
        this.best = candidate;
        return;
      }
    }
  };

  #holds(candidate: Candidate): boolean {
    const { pathTest, conditions } = candidate;
    if (pathTest !== undefined && !pathTest(this.#path, this.#head)) return false;
    for (const condition of conditions) if (!condition.holds(this.#head)) return false;
    const { fraction } = candidate.route.match;
    return fraction >= allMillionths || this.#draw.below(fraction);
  }
}

const segmentTest =
  (length: number) =>
  (path: string): boolean =>
    path.length === length || path.charCodeAt(length) === 47;

/** Exact paths and prefixes of one kind of case. */
class PathIndex {
  /** Made when first needed: most virtual hosts have one prefix and nothing else. */
  #exact: Map<string, Candidate[]> | undefined;
  readonly #prefixes = new PrefixTree<Candidate>();

  addExact(text: string, candidate: Candidate): void {
    this.#exact ??= new Map();
    const list = this.#exact.get(text);
    if (list === undefined) this.#exact.set(text, [candidate]);
    else list.push(candidate);
  }

  addPrefix(text: string, candidate: Candidate): void {
    this.#prefixes.at(text).push(candidate);
  }

  search(path: string, lookup: Lookup): void {
    const exact = this.#exact?.get(path);
    if (exact !== undefined) lookup.consider(exact);
    this.#prefixes.visit(path, lookup.consider);
  }
}

/**
 * The routes of a virtual host, found by path instead of one after the other. Each indexed list is in
 * route order, and a candidate wins only over those behind it, so the answer is Envoy's: the first
 * route, of whatever kind, whose conditions all hold.
 */
export class RouteIndex {
  readonly #caseSensitive = new PathIndex();
  #caseInsensitive: PathIndex | undefined;
  /** Regular expressions and CONNECT: tested one after the other. */
  readonly #others: Candidate[] = [];

  /** Routes in order of position. */
  constructor(routes: readonly MatchedRoute[]) {
    for (const route of routes) this.#add(route);
  }

  /** The first route that matches, or undefined. */
  find(head: RequestHead, dice: Dice): MatchedRoute | undefined {
    const path = pathOnly(head.path);
    const lookup = new Lookup(head, path, dice);
    this.#caseSensitive.search(path, lookup);
    this.#caseInsensitive?.search(path.toLowerCase(), lookup);
    if (this.#others.length > 0) lookup.consider(this.#others);
    return lookup.best?.route;
  }

  #add(route: MatchedRoute): void {
    const { path } = route.match;
    if (path.kind === 'never') return;
    if (path.kind === 'connect') {
      this.#others.push(toCandidate(route, (_, head) => head.method === 'CONNECT'));
      return;
    }
    if (path.kind === 'regex') {
      const { regex } = path;
      this.#others.push(toCandidate(route, (text) => regex.matches(text)));
      return;
    }
    if (path.ignoreCase) this.#caseInsensitive ??= new PathIndex();
    const index = (path.ignoreCase ? this.#caseInsensitive : undefined) ?? this.#caseSensitive;
    if (path.kind === 'exact') index.addExact(path.text, toCandidate(route, undefined));
    else {
      const test = path.kind === 'prefix' ? undefined : segmentTest(path.text.length);
      index.addPrefix(path.text, toCandidate(route, test));
    }
  }
}
