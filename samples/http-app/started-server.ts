import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a test context offers to clean up after it. */
export interface Cleanup {
  after(run: () => void | Promise<void>): void;
}

/** For tests: lets `server` listen on a free port until the test ends and returns its address, without a slash at the end. */
export async function startServer(test: Cleanup, server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
