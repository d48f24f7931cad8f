/** The wizards, in the order they are offered. */
export const wizardNames = [
  'shifting',
  'routing',
  'faults',
  'patience',
  'breaking',
  'mtls',
  'exposure',
] as const;

/** One of the wizards. */
export type WizardName = (typeof wizardNames)[number];
