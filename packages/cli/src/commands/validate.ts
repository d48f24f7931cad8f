import { objectName, validateObject } from '@lateen/analysis';
import { istioGroups, istioKinds, type KubeObject } from '@lateen/api';
import type { Diagnostic, SourcePosition } from '@lateen/base';
import { celProblem, regexProblem } from '@lateen/routing';
import type { Command } from 'commander';
import { CommandExit } from '../command-exit.ts';
import { type ManifestObject, readManifestSet } from '../manifest/manifest-set.ts';
import type { Output } from '../progress.ts';

const failureExit = 1;

const missingFile =
  "Error: you must specify resources by --filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'";

const collect = (value: string, before: readonly string[]): readonly string[] => [
  ...before,
  // As for istioctl, several names may be written in one flag.
  ...value.split(','),
];

const at = ({ file, line, column }: SourcePosition): string =>
  `${file === '-' ? '<stdin>' : file}:${line}:${column}`;

interface Judged {
  readonly file: string;
  readonly text: string;
  readonly isError: boolean;
}

const groups: ReadonlySet<string> = new Set(Object.values(istioGroups));

/** Whether a cluster with Istio's CRDs would not know the kind: misspelt, or of a version there is none of. */
const isUnknownToIstio = ({ apiVersion, kind }: KubeObject): boolean => {
  const [group = '', version = ''] = apiVersion.split('/');
  const served = istioKinds.find((one) => one.group === group && one.kind === kind);
  return groups.has(group) && !(served?.versions.some(({ name }) => name === version) ?? false);
};

/** `file.yaml:7:5: error: VirtualService default/x: spec.hosts: must not be empty`. */
const judge = ({ object, file, locate }: ManifestObject): readonly Judged[] => {
  const line = ({ severity, code, path = '', message }: Diagnostic): Judged => {
    const named = path === '' || message.includes(path) ? message : `${path}: ${message}`;
    const name = objectName(object).replace('/', ' ');
    // An unknown field is wrong by its name, any other by its value.
    const position = locate(path, code === 'FieldUnknown' ? 'key' : 'value');
    const text = `${at(position)}: ${severity}: ${name}: ${named}`;
    return { file, text, isError: severity === 'error' };
  };
  if (isUnknownToIstio(object)) {
    const { apiVersion, kind } = object;
    const message = `no matches for kind "${kind}" in version "${apiVersion}"`;
    return [line({ severity: 'error', code: 'FieldInvalid', path: 'kind', message })];
  }
  // Kinds of others are none of this command's business, as for istioctl.
  return (validateObject(object, { regexProblem, celProblem }) ?? []).map(line);
};

/** istioctl's validate. Throws CommandExit 1 when an object would not be admitted. */
const validate = (paths: readonly string[], output: Output): void => {
  if (paths.length === 0) throw new CommandExit(failureExit, missingFile);
  const { files, objects, problems, skipped } = readManifestSet(paths);
  const judged: readonly Judged[] = [
    ...problems.map(({ message, position }) => ({
      file: position.file ?? '',
      text: `${at(position)}: error: ${message}`,
      isError: true,
    })),
    ...objects.flatMap(judge),
  ];
  for (const { text } of judged) output.err(`${text}\n`);
  for (const file of skipped) output.err(`${file}: skipped: not .yaml, .yml or .json\n`);
  const bad = new Set(judged.filter(({ isError }) => isError).map(({ file }) => file));
  for (const file of files)
    if (!bad.has(file)) output.out(file === '-' ? 'validation succeed\n' : `"${file}" is valid\n`);
  const errors = judged.filter(({ isError }) => isError).length;
  if (errors > 0)
    throw new CommandExit(failureExit, `Error: ${errors} error${errors === 1 ? '' : 's'} occurred`);
};

/** Adds `lateen validate`. */
export const addValidate = (program: Command, output: Output): void => {
  program
    .command('validate')
    .description('check manifests as admission would, without a cluster')
    .option('-f, --filename <path>', 'a file, a folder or - (repeatable)', collect, [])
    .action((flags: { readonly filename: readonly string[] }) => validate(flags.filename, output));
};
