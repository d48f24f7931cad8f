import type { Config } from '../input/config.ts';
import type { PolicyTarget } from '../input/policy-target.ts';

/** Policies of one kind by namespace, oldest first. */
export type PolicyIndex<Spec extends PolicyTarget> = ReadonlyMap<string, readonly Config<Spec>[]>;
