import { after } from 'node:test';
import type { EchoUpstreams } from '../echo-upstreams.ts';
import { type CaseProxy, startCaseProxy } from './case-proxy.ts';
import type { AuthorizationCase } from './case-table.ts';
import { simulatedVerdict } from './simulated-verdict.ts';
import type { Endpoint } from './socket-verdict.ts';

/** Cases that one proxy answers, and where it listens for each. */
export interface CaseGroup {
  readonly cases: readonly AuthorizationCase[];
  /** Starts the proxy when first asked. */
  endpointOf(one: AuthorizationCase): Promise<Endpoint>;
  /** Stops it, if it runs. */
  stop(): Promise<void>;
}

/** Which listener it is does not depend on the time. */
const listenerOf = (one: AuthorizationCase): string | undefined =>
  simulatedVerdict(one, 0).simulation?.listener ?? undefined;

/** Sorts cases by the proxy that answers them; they stop after the tests of the file. */
export const caseGroups = (
  cases: readonly AuthorizationCase[],
  upstreams: EchoUpstreams,
  startProxy: typeof startCaseProxy = startCaseProxy,
): readonly CaseGroup[] =>
  [...Map.groupBy(cases, (one) => one.group).values()].map((group) => {
    let started: Promise<CaseProxy> | undefined;
    const stop = async (): Promise<void> => {
      const running = await started?.catch(() => undefined);
      started = undefined;
      await running?.stop();
    };
    after(stop);
    const start = (one: AuthorizationCase): Promise<CaseProxy> => {
      const listeners = group.flatMap((other) => listenerOf(other) ?? []);
      started ??= startProxy(one, new Set(listeners), upstreams);
      return started;
    };
    return {
      cases: group,
      stop,
      endpointOf: async (one) => {
        const proxy = await start(one);
        const port = proxy.port(listenerOf(one) ?? '');
        if (port === undefined) throw new Error(`nothing listens for ${one.name}`);
        return { address: proxy.address, port };
      },
    };
  });
