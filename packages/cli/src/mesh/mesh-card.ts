import { styleText } from 'node:util';
import type { RunRecord } from '@lateen/runtime';
import { stopCommand } from '../start-card.ts';

export interface MeshCardOptions {
  readonly background: boolean;
  /** As it was given. */
  readonly stateDir: string;
  readonly command: string;
  readonly binFolder: string | undefined;
  readonly color: boolean;
}

/** `CTX_CLUSTER1=cluster1`, the variables that tutorials name contexts by. */
const contextVariables = (names: readonly string[]): string =>
  names.map((name, at) => `CTX_CLUSTER${at + 1}=${name}`).join(' ');

/** What a person sees when all clusters are up: where each is, and how to talk to them. */
export const meshCard = (record: RunRecord, options: MeshCardOptions): string => {
  const bold = (text: string): string => (options.color ? styleText('bold', text) : text);
  const dim = (text: string): string => (options.color ? styleText('dim', text) : text);
  const clusters = record.clusters ?? [];
  const names = clusters.map(({ name }) => name);
  const width = Math.max(8, ...names.map(({ length }) => length)) + 2;
  const row = (label: string, text: string): string =>
    `  ${bold(label)}${' '.repeat(width - label.length)}${text}`;
  const [first = ''] = names;
  const end = options.background
    ? `Stop them with: ${stopCommand(options.command, options.stateDir)}`
    : 'Press Ctrl-C to stop.';
  return [
    '',
    ...clusters.map(({ name, gateway, apiServer, primary }) => {
      const role = primary === undefined ? '' : `  control plane in ${primary}`;
      return row(name, `gateway ${gateway.http}  API server ${apiServer}${role}`);
    }),
    ...(record.dashboard === undefined ? [] : [row('Watch', `${record.dashboard} (all clusters)`)]),
    row('kubectl', `export KUBECONFIG=${record.kubeconfig}`),
    row('contexts', `export ${contextVariables(names)}`),
    ...(options.binFolder === undefined
      ? []
      : [row('istioctl', `export PATH=${options.binFolder}:$PATH`)]),
    '',
    row('Try', 'kubectl config get-contexts'),
    row('', `kubectl --context ${first} get pods -A`),
    '',
    `  ${dim(end)}`,
    '',
    '',
  ].join('\n');
};
