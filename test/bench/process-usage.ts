import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Kernel ticks a second, in which /proc counts CPU time; 100 wherever Linux is built as usual. */
const ticksPerSecond = (): number =>
  Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

let ticks: number | undefined;

/** CPU time of a process since its start, in microseconds, its threads included. */
export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

/** Reads it from /proc; a tick of 10 ms is its precision. */
export const cpuTime = (pid: number): CpuTime => {
  ticks ??= ticksPerSecond();
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces: fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const microseconds = (field: string | undefined): number => (Number(field) * 1e6) / (ticks ?? 1);
  return { userUs: microseconds(fields[11]), systemUs: microseconds(fields[12]) };
};

/** Resident memory of a process, in MiB. */
export const residentMib = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+([0-9]+) kB/.exec(status)?.[1] ?? 0) / 1024;
};
