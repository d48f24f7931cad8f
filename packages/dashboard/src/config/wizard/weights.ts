import type { Weights } from './traffic-rules.ts';
import { httpRules, isDefaultRule, type WizardTarget } from './wizard-input.ts';

const evenly = (versions: readonly string[]): Weights => {
  const each = Math.floor(100 / Math.max(1, versions.length));
  return Object.fromEntries(
    versions.map((version, index) => [
      version,
      index === 0 ? 100 - each * (versions.length - 1) : each,
    ]),
  );
};

/** How the traffic is divided now; evenly when no rule says so. */
export const currentWeights = (target: WizardTarget): Weights => {
  const rules = target.virtualService === undefined ? [] : httpRules(target.virtualService);
  const route = rules.find(isDefaultRule)?.route ?? [];
  const known = route.filter(({ destination }) => destination.subset !== undefined);
  if (known.length === 0) return evenly(target.versions);
  return Object.fromEntries(
    target.versions.map((version) => {
      const part = known.find(({ destination }) => destination.subset === version);
      return [version, part === undefined ? 0 : (part.weight ?? (known.length === 1 ? 100 : 0))];
    }),
  );
};

/**
 * Gives one version a part and divides the rest among the others as they were divided before; whole percents that
 * always add up to 100.
 */
export const balanceWeights = (weights: Weights, version: string, part: number): Weights => {
  const others = Object.keys(weights).filter((each) => each !== version);
  if (others.length === 0) return { ...weights, [version]: 100 };
  const rest = 100 - part;
  const sum = others.reduce((total, each) => total + (weights[each] ?? 0), 0);
  const exact = others.map((each) =>
    sum === 0 ? rest / others.length : ((weights[each] ?? 0) / sum) * rest,
  );
  const whole = exact.map(Math.floor);
  let missing = rest - whole.reduce((total, each) => total + each, 0);
  const byRemainder = exact
    .map((value, index) => ({ index, remainder: value - Math.floor(value) }))
    .sort((a, b) => b.remainder - a.remainder);
  for (const { index } of byRemainder) {
    if (missing <= 0) break;
    whole[index] = (whole[index] ?? 0) + 1;
    missing -= 1;
  }
  return {
    ...Object.fromEntries(Object.keys(weights).map((each) => [each, 0])),
    ...Object.fromEntries(others.map((each, index) => [each, whole[index] ?? 0])),
    [version]: part,
  };
};
