import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@bufbuild/protobuf';
import { eventually } from './running-proxy.ts';

/** An access log in a file of its own: status, flags and details of each answer. */
export interface AccessLogFile extends AsyncDisposable {
  /** Settings that make a connection manager write it. */
  readonly manager: JsonObject;
  /** The next line, as soon as it is there: `200 - via_upstream`. */
  next(): Promise<string>;
}

/** Makes the folder; the proxy makes the file. `format`: of one line. */
export const startAccessLog = async (
  format = '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%',
): Promise<AccessLogFile> => {
  const folder = await mkdtemp(join(tmpdir(), 'lateen-log-'));
  const path = join(folder, 'access.log');
  let seen = 0;
  const read = () => readFileSync(path, { encoding: 'utf8', flag: 'a+' }).split('\n');
  return {
    manager: {
      accessLog: [
        {
          name: 'file',
          typedConfig: {
            '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
            path,
            logFormat: { textFormatSource: { inlineString: `${format}\n` } },
          },
        },
      ],
    },
    next: async () => {
      let lines: string[] = [];
      await eventually(() => {
        lines = read();
        return lines.length > seen + 1;
      });
      return lines[seen++] as string;
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
};
