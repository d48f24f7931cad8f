/** Which output of a container. */
export type LogStream = 'stdout' | 'stderr';

/** One record of a container log file. */
export interface CriLine {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly stream: LogStream;
  /** True when the line goes on in the next record of its stream. */
  readonly partial: boolean;
  readonly text: string;
}

/** RFC 3339 time with the nine digits the CRI format has. */
export const criTime = (nowMs: number): string =>
  `${new Date(nowMs).toISOString().slice(0, -1)}000000Z`;

/** `<time> <stream> <F|P> <text>\n` (the container runtime interface's log format). */
export const formatCriLine = ({ time, stream, partial, text }: CriLine): string =>
  `${time} ${stream} ${partial ? 'P' : 'F'} ${text}\n`;

/** Undefined for a line cut off by a crash of the writer. */
export const parseCriLine = (line: string): CriLine | undefined => {
  const match = /^(\S+) (stdout|stderr) ([FP]) ?(.*)$/s.exec(line);
  if (match === null) return undefined;
  const [, time = '', stream, tag, text = ''] = match;
  return { time, stream: stream as LogStream, partial: tag === 'P', text };
};
