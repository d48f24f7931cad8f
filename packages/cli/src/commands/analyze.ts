import {
  analyzeObjects,
  analyzers,
  defaultGatewayObjects,
  type Finding,
  reaches,
} from '@lateen/analysis';
import type { KubeObject } from '@lateen/api';
import type { Severity } from '@lateen/base';
import { createKubeClient, isKubeError, type KubeConnection, resources } from '@lateen/kube';
import { RuntimeError, readMeshConfigText } from '@lateen/runtime';
import { telemetryProviders } from '@lateen/translator';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { certificateProblem } from '../analyze/certificate-problem.ts';
import { liveMeshConfig, liveObjects } from '../analyze/live-objects.ts';
import {
  analysisUrl,
  formatMessages,
  type MessageFormat,
  type PlacedFinding,
} from '../analyze/message-output.ts';
import { parseSuppression, type Suppression } from '../analyze/suppression.ts';
import { type ClusterFlags, clusterConnection, contextOption } from '../cluster-connection.ts';
import { CommandExit } from '../command-exit.ts';
import { type ManifestSet, readManifestSet } from '../manifest/manifest-set.ts';
import type { Output } from '../progress.ts';

/** istioctl's exit codes of analyze. */
const foundIssuesExit = 79;
const dataErrorExit = 65;

/** Flags of `lateen analyze`. */
interface AnalyzeFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly output: MessageFormat;
  readonly failureThreshold: Severity;
  readonly outputThreshold: Severity;
  readonly useKube: boolean;
  readonly suppress: readonly Suppression[];
  readonly recursive?: boolean;
  readonly ignoreUnknown?: boolean;
  readonly listAnalyzers?: boolean;
  readonly verbose?: boolean;
  readonly istioNamespace: string;
}

const levels: readonly Severity[] = ['error', 'warning', 'info'];

const level = (text: string): Severity => {
  const found = levels.find((one) => one === text.toLowerCase());
  if (found === undefined) throw new InvalidArgumentError('use Error, Warning or Info');
  return found;
};

const format = (text: string): MessageFormat => {
  const lower = text.toLowerCase();
  if (lower === 'log' || lower === 'json' || lower === 'yaml') return lower;
  throw new InvalidArgumentError('use log, json or yaml');
};

const truth = (text: string): boolean => {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('write --use-kube=true or --use-kube=false');
};

const suppression = (text: string, before: readonly Suppression[]): readonly Suppression[] => {
  const parsed = parseSuppression(text);
  if (parsed === undefined)
    throw new InvalidArgumentError('write <code>=<resource>, as in "IST0103=Pod *.testing"');
  return [...before, parsed];
};

/** What is analyzed, and how it is called. */
interface Target {
  readonly manifests: ManifestSet;
  readonly live: readonly KubeObject[];
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** The cluster's MeshConfig as text; undefined: Istio's defaults. */
  readonly meshText: string | undefined;
}

const targetName = ({ namespace }: Target): string =>
  namespace === undefined ? 'all namespaces' : `namespace: ${namespace}`;

/** Finds of a namespace; those on objects without one are always meant, but a Namespace is in itself. */
const isWanted = ({ subject, object }: Finding, { namespace }: Target): boolean => {
  if (namespace === undefined) return true;
  const [, first, second] = object.split('/');
  if (subject.kind === 'Namespace') return first === namespace;
  return second === undefined || first === namespace;
};

/** What MeshConfig decides: ways to write a path, and providers; manifests may bring a newer one. */
const meshSettingsOf = ({ manifests, meshText }: Target) => {
  const map = manifests.objects.findLast(
    ({ object: { kind, metadata } }) => kind === 'ConfigMap' && metadata.name === 'istio',
  );
  const { data } = (map?.object ?? {}) as { readonly data?: { readonly mesh?: unknown } };
  const text = typeof data?.mesh === 'string' ? data.mesh : meshText;
  const mesh = text === undefined ? undefined : readMeshConfigText(text).value;
  if (mesh === undefined) return {};
  return {
    pathNormalization: mesh.pathNormalization,
    providers: telemetryProviders(mesh),
    defaultLogProviders: mesh.defaultProviders.accessLogging,
  };
};

const findingsOf = (target: Target, flags: AnalyzeFlags): readonly Finding[] => {
  const nowMs = Date.now();
  const rootNamespace = flags.istioNamespace;
  const base = flags.useKube ? target.live : defaultGatewayObjects(rootNamespace);
  return analyzeObjects([...base, ...target.manifests.objects.map(({ object }) => object)], {
    defaultNamespace: target.namespace ?? 'default',
    rootNamespace,
    ...meshSettingsOf(target),
    certificateProblem: (certificate, key) => certificateProblem(certificate, key, nowMs),
  })
    .filter((one) => isWanted(one, target))
    .filter((one) => !flags.suppress.some(({ matches }) => matches(one)));
};

const placed = (findings: readonly Finding[], { manifests }: Target): readonly PlacedFinding[] => {
  const places = new Map(manifests.objects.map((one) => [one.object, one.locate]));
  return findings.map((finding) => ({
    finding,
    position: places.get(finding.subject)?.(finding.path ?? ''),
  }));
};

const reportFiles = ({ skipped, problems }: ManifestSet, output: Output): void => {
  for (const file of skipped)
    output.err(`Skipping file ${file}, recognized file extensions are: [.json .yaml .yml]\n`);
  for (const { message, position } of problems)
    output.err(`${position.file}:${position.line}:${position.column}: ${message}\n`);
};

const sayNothingFound = (target: Target, output: Output): void => {
  const { files, problems } = target.manifests;
  if (problems.length > 0) {
    const noun = problems.length === 1 ? 'file' : 'files';
    output.err(
      `No validation issues found when analyzing ${targetName(target)} (but ${problems.length} ${noun} could not be parsed).\n`,
    );
    return;
  }
  const what = files.length > 0 ? files.join('\n') : targetName(target);
  output.err(`✔ No validation issues found when analyzing ${what}.\n`);
};

const sayWhatRan = (target: Target, output: Output): void => {
  const names = analyzers.map(({ name }) => `\t ${name}\n`).join('');
  output.err(`Analyzed resources in ${targetName(target)}\nExecuted analyzers:\n${names}\n`);
};

const endOf = (
  findings: readonly Finding[],
  target: Target,
  { failureThreshold, ignoreUnknown }: AnalyzeFlags,
): void => {
  if (findings.some(({ severity }) => reaches(severity, failureThreshold)))
    throw new CommandExit(
      foundIssuesExit,
      `Error: Analyzers found issues when analyzing ${targetName(target)}.\nSee ${analysisUrl} for more information about causes and resolutions.`,
    );
  if (target.manifests.problems.length > 0 && ignoreUnknown !== true)
    throw new CommandExit(dataErrorExit, "Error: Some files couldn't be parsed.");
};

const namespaceExists = async (connection: KubeConnection, name: string): Promise<boolean> => {
  try {
    await createKubeClient(connection).get(resources.namespaces, { name });
    return true;
  } catch (error) {
    if (isKubeError(error, 'not-found')) return false;
    throw error;
  }
};

/** As `clusterConnection`, with a hint for those who have files only. */
const requireCluster = (
  { files }: ManifestSet,
  flags: AnalyzeFlags,
  env: NodeJS.ProcessEnv,
): KubeConnection => {
  try {
    return clusterConnection(flags, env);
  } catch (error) {
    if (!(error instanceof RuntimeError) || files.length === 0) throw error;
    throw new RuntimeError(
      error.code,
      `${error.message}; to analyze the files alone, add --use-kube=false`,
      error,
    );
  }
};

/** What to analyze; undefined when the namespace is not there, which has been said then. */
const targetOf = async (
  manifests: ManifestSet,
  flags: AnalyzeFlags,
  { output, env }: { readonly output: Output; readonly env: NodeJS.ProcessEnv },
): Promise<Target | undefined> => {
  const { namespace: wanted, allNamespaces = false, useKube } = flags;
  if (!useKube) {
    const namespace = allNamespaces ? undefined : (wanted ?? 'default');
    return { manifests, live: [], namespace, meshText: undefined };
  }
  const connection = requireCluster(manifests, flags, env);
  const namespace = wanted ?? connection.namespace;
  if (!allNamespaces && !(await namespaceExists(connection, namespace))) {
    output.err(`namespace "${namespace}" not found\n`);
    return undefined;
  }
  const [live, meshText] = await Promise.all([
    liveObjects(connection),
    liveMeshConfig(createKubeClient(connection)),
  ]);
  return { manifests, live, namespace: allNamespaces ? undefined : namespace, meshText };
};

/**
 * istioctl's analyze. Rejects with CommandExit 79 when something reaches the threshold, 65 when files could
 * not be read as manifests; with RuntimeError or KubeError when there is no cluster.
 */
const analyze = async (
  paths: readonly string[],
  flags: AnalyzeFlags,
  place: { readonly output: Output; readonly env: NodeJS.ProcessEnv },
): Promise<void> => {
  const { output } = place;
  if (flags.listAnalyzers === true) {
    for (const { name, description } of analyzers) output.out(`* ${name}:\n    ${description}\n`);
    return;
  }
  const manifests = readManifestSet(paths, { recursive: flags.recursive ?? false });
  reportFiles(manifests, output);
  const target = await targetOf(manifests, flags, place);
  if (target === undefined) return;
  const findings = findingsOf(target, flags);
  if (flags.verbose === true) sayWhatRan(target, output);
  const shown = placed(
    findings.filter(({ severity }) => reaches(severity, flags.outputThreshold)),
    target,
  );
  output.out(formatMessages(shown, flags.output, output.color));
  if (shown.length === 0) sayNothingFound(target, output);
  // As istioctl: only the log format, which a person or a pipeline reads, ends with an exit code.
  if (flags.output === 'log') endOf(findings, target, flags);
};

/** Adds `lateen analyze`. */
export const addAnalyze = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  program
    .command('analyze')
    .description('find what is wrong with configuration, live or in files')
    .argument('[files...]', 'manifests as if they were applied: files, folders or -')
    .option('-n, --namespace <namespace>', 'what to report on, and where objects without one are')
    .option('-A, --all-namespaces', 'report on all namespaces')
    .option('-o, --output <format>', 'log, json or yaml', format, 'log')
    .addOption(
      new Option('--failure-threshold <level>', 'fail from this level on: Error, Warning or Info')
        .argParser(level)
        .default('error', 'Error'),
    )
    .addOption(
      new Option('--output-threshold <level>', 'show from this level on: Error, Warning or Info')
        .argParser(level)
        .default('info', 'Info'),
    )
    .addOption(
      new Option('-k, --use-kube <bool>', 'take the cluster into account')
        .argParser(truth)
        .default(true),
    )
    .option('-S, --suppress <code=resource>', 'leave a message out (repeatable)', suppression, [])
    .option('-R, --recursive', 'folders within folders too')
    .option('--ignore-unknown', 'do not fail on files that are no manifests')
    .option('-L, --list-analyzers', 'list the analyzers and do nothing')
    .option('-v, --verbose', 'say which analyzers ran')
    .option('-i, --istioNamespace <namespace>', "Istio's own namespace", 'istio-system')
    .option('--state-dir <folder>', 'the cluster to ask', '.lateen')
    .option('--kubeconfig <file>', 'any other cluster')
    .addOption(contextOption())
    .action((paths: readonly string[], flags: AnalyzeFlags) =>
      analyze(paths, flags, { output, env }),
    );
};
