import { type Criterion, criteria, type ParsedView, parseView } from './filter-chain-match.ts';
import type { ConnectionView, FilterChainTable, RejectedChain } from './listener-table.ts';

/** A chain with its criteria, in the order of `criteria`. */
export interface ChainCandidate {
  readonly table: FilterChainTable;
  readonly match: readonly Criterion[];
}

type Rejection = (candidate: ChainCandidate, criterion: number) => void;

const ignore: Rejection = () => undefined;

/** The candidates that fit one criterion best. */
const narrow = (
  candidates: readonly ChainCandidate[],
  criterion: number,
  parsed: ParsedView,
  reject: Rejection,
): readonly ChainCandidate[] => {
  const scores = candidates.map(({ match }) => match[criterion]?.score(parsed) ?? 1);
  const top = scores.reduce((best, score) => Math.max(best, score), 1);
  return candidates.filter((candidate, index) => {
    if (scores[index] === top) return true;
    reject(candidate, criterion);
    return false;
  });
};

/**
 * Envoy's choice of a filter chain: criterion after criterion, only the chains that fit it most
 * specifically go on, and there is no way back to those that were dropped.
 */
export class FilterChainSelector {
  readonly #candidates: readonly ChainCandidate[];
  readonly #fallback: FilterChainTable | undefined;
  /** Nothing to look at: one chain that takes everything. */
  readonly #only: FilterChainTable | undefined;

  constructor(candidates: readonly ChainCandidate[], fallback: FilterChainTable | undefined) {
    this.#candidates = candidates;
    this.#fallback = fallback;
    const [first] = candidates;
    this.#only = candidates.length === 1 && first?.table.matchText === '' ? first.table : undefined;
  }

  /** The most specific chain, the default chain, or undefined. */
  select(view: ConnectionView): FilterChainTable | undefined {
    return this.#only ?? this.#choose(view, ignore);
  }

  /** The same choice, with the criterion on which every other chain lost. */
  explain(view: ConnectionView): {
    chain: FilterChainTable | undefined;
    rejected: readonly RejectedChain[];
  } {
    const parsed = parseView(view);
    const rejected: RejectedChain[] = [];
    const chain = this.#choose(view, ({ table, match }, index) => {
      const { name = '', actual = () => '' } = criteria[index] ?? {};
      const text = match[index]?.text ?? '';
      const condition = text === '' ? `any ${name}, less specific` : text;
      rejected.push({ chain: table, condition, actual: actual(parsed) });
    });
    return { chain, rejected };
  }

  #choose(view: ConnectionView, reject: Rejection): FilterChainTable | undefined {
    const parsed = parseView(view);
    let left = this.#candidates;
    for (let criterion = 0; criterion < criteria.length && left.length > 0; criterion++) {
      left = narrow(left, criterion, parsed, reject);
    }
    return left[0]?.table ?? this.#fallback;
  }
}
