import { resolve } from 'node:path';
import { styleText } from 'node:util';
import type { RunRecord } from '@lateen/runtime';

export interface StartCardOptions {
  readonly sample: string | undefined;
  readonly detached: boolean;
  /** As it was given. */
  readonly stateDir: string;
  /** How a person calls this program: `lateen`, or the way to it from the working folder. */
  readonly command: string;
  /** Folder with `lateen` and `istioctl`; undefined when they are on the PATH already. */
  readonly binFolder?: string | undefined;
  readonly color: boolean;
}

const nextSteps = (
  record: RunRecord,
  { sample, command, binFolder }: StartCardOptions,
): readonly string[] =>
  sample === 'bookinfo'
    ? [
        'kubectl get pods',
        'kubectl apply -f samples/bookinfo/networking/destination-rule-all.yaml -f samples/bookinfo/networking/virtual-service-all-v1.yaml',
        binFolder === undefined ? `${command} ps` : 'istioctl ps',
      ]
    : [
        'kubectl label namespace default istio-injection=enabled',
        'kubectl apply -f samples/bookinfo/platform/kube/bookinfo.yaml -f samples/bookinfo/networking/bookinfo-gateway.yaml',
        `curl ${record.gateway.http}/productpage`,
      ];

/** Where commands look when they are not told. */
const usualStateDir = '.lateen';

/** The command that ends what runs on a state folder, to be pasted into a shell in the working folder. */
export const stopCommand = (command: string, stateDir: string): string => {
  if (resolve(stateDir) === resolve(usualStateDir)) return `${command} down`;
  const word = /^[\w./-]+$/.test(stateDir) ? stateDir : `'${stateDir.replaceAll("'", `'\\''`)}'`;
  return `${command} down --state-dir ${word}`;
};

/** What a person sees when everything is up: where to look, how to talk to it, what to try. */
export const startCard = (record: RunRecord, options: StartCardOptions): string => {
  const bold = (text: string): string => (options.color ? styleText('bold', text) : text);
  const dim = (text: string): string => (options.color ? styleText('dim', text) : text);
  const page = options.sample === 'bookinfo' ? '/productpage' : '/';
  const end = options.detached
    ? `Stop it with: ${stopCommand(options.command, options.stateDir)}`
    : 'Press Ctrl-C to stop.';
  return [
    '',
    `  ${bold('Open')}      ${record.gateway.http}${page}`,
    ...(record.dashboard === undefined ? [] : [`  ${bold('Watch')}     ${record.dashboard}`]),
    `  ${bold('kubectl')}   export KUBECONFIG=${record.kubeconfig}`,
    ...(options.binFolder === undefined
      ? []
      : [`  ${bold('istioctl')}  export PATH=${options.binFolder}:$PATH`]),
    '',
    `  ${bold('Try')}       ${nextSteps(record, options).join('\n            ')}`,
    '',
    `  ${dim(end)}`,
    '',
    '',
  ].join('\n');
};
