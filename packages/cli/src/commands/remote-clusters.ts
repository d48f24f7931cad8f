import type { KubeConnection } from '@lateen/kube';
import { readRemoteClusters } from '@lateen/runtime';
import type { Output } from '../progress.ts';
import { formatTable } from '../proxy-config/text-table.ts';

/** istioctl's table, and below it what is wrong with those that are not in sync. */
export const printRemoteClusters = async (
  connection: KubeConnection,
  output: Output,
): Promise<void> => {
  const rows = await readRemoteClusters(connection);
  output.out(
    formatTable([
      ['NAME', 'SECRET', 'STATUS', 'ISTIOD'],
      ...rows.map(({ name, secret, status, istiod }) => [name, secret, status, istiod]),
    ]),
  );
  for (const { name, message } of rows) if (message !== '') output.err(`${name}: ${message}\n`);
};
