import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { RunRecord } from '@lateen/runtime';

export interface StartCardOptions {
  readonly sample: string | undefined;
  readonly detached: boolean;
  readonly workingFolder: string;
  readonly color: boolean;
}

/** Shorter of the two ways to write a path that works from the working folder. */
const shortPath = (path: string, folder: string): string => {
  const short = relative(folder, path);
  return short !== '' && !short.startsWith('..') && short.length < path.length ? short : path;
};

const nextSteps = (record: RunRecord, sample: string | undefined): readonly string[] =>
  sample === 'bookinfo'
    ? [
        'kubectl get pods',
        'kubectl apply -f samples/bookinfo/networking/destination-rule-all.yaml -f samples/bookinfo/networking/virtual-service-all-v1.yaml',
        'lateen ps',
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
  const kubeconfig = shortPath(record.kubeconfig, options.workingFolder);
  const end = options.detached ? 'Stop it with: lateen down' : 'Press Ctrl-C to stop.';
  return [
    '',
    `  ${bold('Open')}     ${record.gateway.http}${page}`,
    `  ${bold('kubectl')}  export KUBECONFIG=${kubeconfig}`,
    '',
    `  ${bold('Try')}      ${nextSteps(record, options.sample).join('\n           ')}`,
    '',
    `  ${dim(end)}`,
    '',
    '',
  ].join('\n');
};
