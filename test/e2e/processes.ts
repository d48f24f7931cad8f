/** Looking at the processes of a mesh from outside, on Linux. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (pid: string, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
};

/** Processes that carry the state folder in their arguments or environment, without this one. */
export const processesOf = (stateDir: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(
      (pid) => read(pid, 'cmdline').includes(stateDir) || read(pid, 'environ').includes(stateDir),
    )
    .map(Number);

export const supervisorOf = (stateDir: string): number =>
  (JSON.parse(readFileSync(join(stateDir, 'run.json'), 'utf8')) as { pid: number }).pid;

/** Resident memory in MiB. */
export const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(read(String(pid), 'status'))?.[1] ?? 0) / 1024;

/** The proxy process of the pod whose name starts so: found by its bootstrap's node id. */
export const proxyOf = (stateDir: string, podPrefix: string): number | undefined =>
  processesOf(stateDir).find((pid) => {
    const command = read(String(pid), 'cmdline');
    const file = /-c\0([^\0]+)/.exec(command)?.[1];
    if (file === undefined || !command.includes('packages/agent/src/main.ts')) return false;
    try {
      return readFileSync(file, 'utf8').includes(`~${podPrefix}-`);
    } catch {
      return false;
    }
  });

/** The process of istiod. */
export const istiodOf = (stateDir: string): number | undefined =>
  processesOf(stateDir).find((pid) =>
    read(String(pid), 'cmdline').includes('packages/pilot/src/main.ts\0'),
  );
