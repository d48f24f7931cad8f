import type { AnalysisContext } from './context/analysis-context.ts';
import type { Finding } from './finding.ts';

/** One check over a set of objects; it must not throw, whatever they hold. */
export interface Analyzer {
  /** istioctl's name, `package.Analyzer`. */
  readonly name: string;
  readonly description: string;
  readonly analyze: (context: AnalysisContext) => readonly Finding[];
}
