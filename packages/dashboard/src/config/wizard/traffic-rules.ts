import type { Manifest } from '../manifest.ts';
import {
  changeDefaultRule,
  destinationRuleOf,
  type HttpRule,
  httpRules,
  type RouteDestination,
  virtualServiceOf,
  type WizardTarget,
  withHttpRules,
} from './wizard-input.ts';

/** Parts of the traffic by version; they should add up to 100. */
export type Weights = Readonly<Record<string, number>>;

const destination = (target: WizardTarget, subset: string): RouteDestination['destination'] => ({
  host: target.host,
  subset,
});

/** Traffic shifting: requests that no other rule takes are divided between versions. Versions with 0 are left out. */
export const shiftTraffic = (target: WizardTarget, weights: Weights): readonly Manifest[] => {
  const used = Object.entries(weights).filter(([, weight]) => weight > 0);
  const route = used.map(([version, weight]) => ({
    destination: destination(target, version),
    ...(used.length > 1 ? { weight } : {}),
  }));
  return [
    // All of them: the next shift may need another, and a subset costs nothing.
    destinationRuleOf(target, Object.keys(weights)),
    changeDefaultRule(target, (rule) => ({ ...rule, route })),
  ];
};

/** How a text is compared. */
export type TextMatch = 'exact' | 'prefix' | 'regex';

/** A condition of a request. */
export type Condition =
  | {
      readonly on: 'header';
      readonly name: string;
      readonly how: TextMatch;
      readonly value: string;
    }
  | { readonly on: 'uri' | 'method'; readonly how: TextMatch; readonly value: string };

/** The `match` entry in which all conditions must hold. */
export const matchOf = (conditions: readonly Condition[]): Readonly<Record<string, unknown>> => {
  const match: Record<string, unknown> = {};
  const headers: Record<string, unknown> = {};
  for (const condition of conditions) {
    const value = { [condition.how]: condition.value };
    if (condition.on === 'header') headers[condition.name.toLowerCase()] = value;
    else match[condition.on] = value;
  }
  return Object.keys(headers).length === 0 ? match : { ...match, headers };
};

/** Request routing: requests that fit all conditions go to one version; the rule comes before all others. */
export const routeRequests = (
  target: WizardTarget,
  conditions: readonly Condition[],
  version: string,
): readonly Manifest[] => {
  const manifest = virtualServiceOf(target);
  const wanted = JSON.stringify([matchOf(conditions)]);
  const others = httpRules(manifest).filter(({ match }) => JSON.stringify(match) !== wanted);
  const rule: HttpRule = {
    match: [matchOf(conditions)],
    route: [{ destination: destination(target, version) }],
  };
  return [destinationRuleOf(target, [version]), withHttpRules(manifest, [rule, ...others])];
};

/** A fault; a percent of 0 leaves it out. Delays in milliseconds. */
export interface FaultChoice {
  readonly delayMs: number;
  readonly delayPercent: number;
  readonly abortStatus: number;
  readonly abortPercent: number;
}

/** A time as the API writes it: `1500ms` is `1.5s`. */
export const duration = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/** Fault injection into requests that no other rule takes; both parts at 0 take the fault away. */
export const injectFault = (target: WizardTarget, choice: FaultChoice): readonly Manifest[] => {
  const fault = {
    ...(choice.delayPercent > 0 && choice.delayMs > 0
      ? {
          delay: {
            fixedDelay: duration(choice.delayMs),
            percentage: { value: choice.delayPercent },
          },
        }
      : {}),
    ...(choice.abortPercent > 0
      ? { abort: { httpStatus: choice.abortStatus, percentage: { value: choice.abortPercent } } }
      : {}),
  };
  const manifest = changeDefaultRule(target, ({ fault: _before, ...rule }) =>
    Object.keys(fault).length === 0 ? rule : { fault, ...rule },
  );
  return [manifest];
};

/** Patience with a service; 0 leaves the setting out. */
export interface PatienceChoice {
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly perTryTimeoutMs: number;
  readonly retryOn: string;
}

/** Time-out and retries of requests that no other rule takes. */
export const setPatience = (target: WizardTarget, choice: PatienceChoice): readonly Manifest[] => {
  const retries = {
    attempts: choice.attempts,
    ...(choice.perTryTimeoutMs > 0 ? { perTryTimeout: duration(choice.perTryTimeoutMs) } : {}),
    ...(choice.retryOn === '' ? {} : { retryOn: choice.retryOn }),
  };
  return [
    changeDefaultRule(target, ({ timeout: _timeout, retries: _retries, ...rule }) => ({
      ...rule,
      ...(choice.timeoutMs > 0 ? { timeout: duration(choice.timeoutMs) } : {}),
      ...(choice.attempts > 0 ? { retries } : {}),
    })),
  ];
};
