import type { HttpMatch, TcpMatch, TlsMatch, VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type Finding, finding } from '../finding.ts';
import {
  quoted,
  virtualServiceIneffectiveMatch,
  virtualServiceUnreachableRule,
} from '../message.ts';
import { matchImplies } from './match-implication.ts';

/** Most matches of one VirtualService that are compared pair by pair; beyond, only equal ones are found. */
const maxComparedMatches = 500;

type Match = HttpMatch | TcpMatch | TlsMatch;

interface Rule {
  readonly name?: string;
  readonly match?: readonly Match[];
}

/** TCP and TLS matches have no names. */
const nameOf = (match: Match): string | undefined => ('name' in match ? match.name : undefined);

/** Names, else places in the list, as istioctl shows them. */
const label = (name: string | undefined, index: number): string =>
  name === undefined || name === '' ? `#${index}` : quoted(name);

/** JSON with keys in order and without `name`: equal texts are equal matches. */
const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, canonical(one)]),
  );
};

const matchText = (match: Match): string =>
  JSON.stringify(canonical({ ...match, name: undefined }));

/** A match of a rule, ready to be compared. */
interface PlacedMatch {
  readonly ruleLabel: string;
  readonly matchLabel: string;
  readonly match: HttpMatch;
}

/** `#0 of prefix /foo`: which match, with its path condition where it has one. */
const describe = ({ matchLabel, match: { uri } }: PlacedMatch): string => {
  const kind = (['exact', 'prefix', 'regex'] as const).find((one) => uri?.[one] !== undefined);
  return kind === undefined ? matchLabel : `${matchLabel} of ${kind} ${uri?.[kind]}`;
};

/** The match with the gateways that hold for it; with gateways of its own, Istio reads no source of it. */
const effectiveMatch = (match: HttpMatch, gateways: readonly string[]): HttpMatch => {
  if (match.gateways === undefined || match.gateways.length === 0) return { ...match, gateways };
  const { sourceLabels: _, sourceNamespace: __, ...rest } = match;
  return rest;
};

/** Walks the rules of one list, remembering what came before. */
class RuleWalk {
  readonly #object: VirtualService;
  readonly #list: string;
  readonly #rules: readonly Rule[];
  readonly #seen: Map<string, number> = new Map();
  readonly #compared: PlacedMatch[] = [];
  readonly #gateways: readonly string[];
  #catchAll = false;

  constructor(object: VirtualService, list: 'http' | 'tcp' | 'tls') {
    const { gateways = [] } = object.spec;
    this.#object = object;
    this.#list = list;
    this.#rules = object.spec[list] ?? [];
    this.#gateways = gateways.length === 0 ? ['mesh'] : gateways;
  }

  run(): readonly Finding[] {
    return this.#rules.flatMap((rule, index) => this.#checkRule(rule, index));
  }

  #checkRule(rule: Rule, index: number): readonly Finding[] {
    const { match = [] } = rule;
    if (match.length === 0) {
      const found = this.#catchAll
        ? [this.#unreachable(index, 'only the last rule can have no matches')]
        : [];
      this.#catchAll = true;
      return found;
    }
    if (this.#catchAll) return [this.#unreachable(index, 'route without matches defined before')];
    const found = match.map((one, place) => this.#checkMatch(one, index, place));
    const lost = found.filter((one) => one !== undefined);
    return lost.length === match.length
      ? [...lost, this.#unreachable(index, 'all matches used by prior rules')]
      : lost;
  }

  #unreachable(index: number, reason: string): Finding {
    const message = virtualServiceUnreachableRule(this.#ruleLabel(index), reason);
    return finding(this.#object, message, `spec.${this.#list}[${index}]`);
  }

  #ruleLabel(index: number): string {
    return label(this.#rules[index]?.name, index);
  }

  #checkMatch(match: Match, index: number, place: number): Finding | undefined {
    const path = `spec.${this.#list}[${index}].match[${place}]`;
    const ruleLabel = this.#ruleLabel(index);
    const matchLabel = label(nameOf(match), place);
    const text = matchText(match);
    const equal = this.#seen.get(text);
    if (equal !== undefined) {
      const message = virtualServiceIneffectiveMatch(ruleLabel, matchLabel, this.#ruleLabel(equal));
      return finding(this.#object, message, path);
    }
    this.#seen.set(text, index);
    if (this.#list !== 'http') return undefined;
    const placed: PlacedMatch = {
      ruleLabel,
      matchLabel,
      match: effectiveMatch(match as HttpMatch, this.#gateways),
    };
    const covering = this.#covering(placed);
    if (covering === undefined) return undefined;
    const other = `${describe(covering)} on ${covering.ruleLabel}`;
    const message = virtualServiceIneffectiveMatch(ruleLabel, describe(placed), other);
    return finding(this.#object, message, path);
  }

  /** The first match before this one that takes all it would. */
  #covering(placed: PlacedMatch): PlacedMatch | undefined {
    const found = this.#compared.find((one) => matchImplies(placed.match, one.match));
    if (found === undefined && this.#compared.length < maxComparedMatches)
      this.#compared.push(placed);
    return found;
  }
}

/** Rules and matches that an earlier one leaves nothing to. */
export const unreachableRules: Analyzer = {
  name: 'virtualservice.UnreachableRuleAnalyzer',
  description: 'Checks that every rule and match of a virtual service can be reached',
  analyze: ({ virtualServices }) =>
    virtualServices.flatMap((object) =>
      (['http', 'tcp', 'tls'] as const).flatMap((list) => new RuleWalk(object, list).run()),
    ),
};
