import type { RbacVerdict } from '@lateen/routing';
import type { Counter } from '../../stats/metric.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';

/** Envoy's counters of the RBAC filters. */
export class RbacStats {
  readonly #allowed: Counter;
  readonly #denied: Counter;
  readonly #shadowAllowed: Counter;
  readonly #shadowDenied: Counter;

  /** `prefix` and `family` are those of the filter; `names` are put before the counters' own. */
  constructor(
    stats: StatsRegistry,
    scope: {
      readonly prefix: string;
      readonly family: string;
      readonly labels: Readonly<Record<string, string>>;
    },
    names: { readonly enforced: string; readonly shadow: string },
  ) {
    const counters = new StatsScope(stats, scope);
    this.#allowed = counters.counter(`${names.enforced}allowed`);
    this.#denied = counters.counter(`${names.enforced}denied`);
    this.#shadowAllowed = counters.counter(`${names.shadow}shadow_allowed`);
    this.#shadowDenied = counters.counter(`${names.shadow}shadow_denied`);
  }

  enforced({ allowed }: RbacVerdict): void {
    if (allowed) this.#allowed.value++;
    else this.#denied.value++;
  }

  shadow({ allowed }: RbacVerdict): void {
    if (allowed) this.#shadowAllowed.value++;
    else this.#shadowDenied.value++;
  }
}
