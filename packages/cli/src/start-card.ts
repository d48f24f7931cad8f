import { styleText } from 'node:util';
import type { RunRecord } from '@lateen/runtime';

export interface StartCardOptions {
  readonly sample: string | undefined;
  readonly detached: boolean;
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
        'kubectl get pods -A',
        'kubectl label namespace default istio-injection=enabled',
        `curl ${record.gateway.http}/`,
      ];

/** What a person sees when everything is up: where to look, how to talk to it, what to try. */
export const startCard = (record: RunRecord, options: StartCardOptions): string => {
  const bold = (text: string): string => (options.color ? styleText('bold', text) : text);
  const dim = (text: string): string => (options.color ? styleText('dim', text) : text);
  const page = options.sample === 'bookinfo' ? '/productpage' : '/';
  const end = options.detached ? `Stop it with: ${options.command} down` : 'Press Ctrl-C to stop.';
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
