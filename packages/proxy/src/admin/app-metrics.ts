import http from 'node:http';
import type { Counter } from '../stats/metric.ts';
import type { StatsRegistry } from '../stats/registry.ts';

/** Longest the app may take: scrapers give a page ten seconds, and this is a part of one. */
const timeoutMs = 5_000;
/** More than any app's own metrics; what is longer is left out. */
const maxBytes = 16 * 1_048_576;

/** Ports of the agent itself: an app's metrics are not there. */
const ownPorts: ReadonlySet<string> = new Set(['15020', '15021', '15090']);

/** Where an app's own metrics are. */
export interface AppMetricsTarget {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const recordOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '';

/** Where the app really listens, where that differs from the port of its workload (`LATEEN_APP_PORTS`). */
const addressOf = (
  port: string,
  metadata: Readonly<Record<string, unknown>>,
): { readonly host: string; readonly port: number } => {
  const mapped = textOf(recordOf(textOf(metadata['LATEEN_APP_PORTS']))[port]);
  const colon = mapped.lastIndexOf(':');
  return colon < 0
    ? { host: '127.0.0.1', port: Number(port) }
    : { host: mapped.slice(0, colon), port: Number(mapped.slice(colon + 1)) };
};

/**
 * Reads `ISTIO_PROMETHEUS_ANNOTATIONS`: the pod's `prometheus.io/` annotations, as JSON. Undefined: the
 * app has no metrics of its own to merge.
 */
export const appMetricsTarget = (
  annotations: string | undefined,
  metadata: Readonly<Record<string, unknown>>,
): AppMetricsTarget | undefined => {
  const { scrape, port, path } = recordOf(annotations ?? '');
  const asked = textOf(port) || '80';
  if (textOf(scrape) !== 'true' || ownPorts.has(asked) || !/^[0-9]{1,5}$/.test(asked)) {
    return undefined;
  }
  const found = textOf(path) || '/metrics';
  const address = addressOf(asked, metadata);
  return { ...address, path: found.startsWith('/') ? found : `/${found}` };
};

/** The page of an app; rejects when there is none. */
const fetchPage = ({ host, port, path }: AppMetricsTarget): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { accept: 'text/plain;version=0.0.4;q=1,*/*;q=0.1', connection: 'close' };
    const signal = AbortSignal.timeout(timeoutMs);
    const request = http.get({ host, port, path, headers, signal, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes > maxBytes) response.destroy(new Error('the page is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString('utf8'));
        else reject(new Error(`answered ${response.statusCode ?? 0}`));
      });
    });
    request.on('error', reject);
  });

/** A page as part of another: whole lines, without the mark that ends OpenMetrics. */
const asPart = (page: string): string => {
  const text = page.replace(/^# EOF\s*$/m, '');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
};

/** The app's own metrics, for the page that merges them with the proxy's. */
export class AppMetrics {
  readonly #target: AppMetricsTarget;
  readonly #failures: Counter;

  constructor(target: AppMetricsTarget, stats: StatsRegistry) {
    this.#target = target;
    this.#failures = stats.counter('istio_agent_scrape_failures_total', { type: 'application' });
  }

  /** Empty when the app cannot be asked: that costs nobody the proxy's own metrics. */
  async read(): Promise<string> {
    try {
      return asPart(await fetchPage(this.#target));
    } catch {
      this.#failures.value++;
      return '';
    }
  }
}
