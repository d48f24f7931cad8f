/** The shell of a person who follows the start card: KUBECONFIG, and `lateen` and `istioctl` by name. */
import { dirname, join, resolve } from 'node:path';
import { type CommandResult, type Mesh, root, run } from './mesh.ts';

/** Runs lines of bash as they are printed, in the repository's root or `cwd`; never rejects on the exit code. */
export type Shell = (lines: string, cwd?: string) => Promise<CommandResult>;

export const shellOf = async (mesh: Mesh): Promise<Shell> => {
  const status = await mesh.lateen('status', '-o', 'json');
  const { kubeconfig } = JSON.parse(status.stdout) as { readonly kubeconfig: string };
  const env = {
    KUBECONFIG: resolve(root, kubeconfig),
    PATH: [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
  };
  return (lines, cwd = root) => run('bash', ['-c', lines], { env, cwd });
};
