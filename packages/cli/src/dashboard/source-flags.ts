import { type Command, InvalidArgumentError } from 'commander';

/** Servers that a dashboard reads instead of its own stores. */
export interface SourceFlags {
  readonly prometheus?: URL | undefined;
  readonly tracing?: URL | undefined;
}

const httpUrl = (text: string): URL => {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text);
  throw new InvalidArgumentError('write an address like http://localhost:9090');
};

/** Adds `--prometheus` and `--tracing` to a command. */
export const addSourceOptions = (command: Command): Command =>
  command
    .option(
      '--prometheus <url>',
      'the dashboard reads metrics of a Prometheus instead of the proxies',
      httpUrl,
    )
    .option(
      '--tracing <url>',
      'the dashboard reads traces of a Jaeger (or what speaks its query API)',
      httpUrl,
    );

/** The same as words, for another process. */
export const sourceWords = ({ prometheus, tracing }: SourceFlags): readonly string[] => [
  ...(prometheus === undefined ? [] : ['--prometheus', prometheus.href]),
  ...(tracing === undefined ? [] : ['--tracing', tracing.href]),
];
