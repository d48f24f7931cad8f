import type { Logger } from '@lateen/base';
import type { Dice } from '@lateen/routing';
import type { Configuration } from '../config/configuration.ts';
import type { StatsRegistry } from '../stats/registry.ts';
import type { SecureContexts } from '../tls/secure-context.ts';

/** What the client of the control plane works on. */
export interface AdsDependencies {
  readonly configuration: Configuration;
  readonly log: Logger;
  readonly dice: Dice;
  readonly stats: StatsRegistry;
  readonly contexts: SecureContexts;
}
