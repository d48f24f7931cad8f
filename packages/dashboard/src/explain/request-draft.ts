import type { CallerList, ExplainRequest } from '@lateen/telemetry/contract';

/** A request as it is filled in; kept in the address, so that it can be sent to somebody. */
export interface RequestDraft {
  /** `outbound default/productpage-v1`, `gateway default/bookinfo-gateway`. */
  readonly from: string;
  readonly method: string;
  readonly url: string;
  /** One `name: value` a line. */
  readonly headers: string;
  /** Objects as if they were applied. */
  readonly yaml: string;
}

const defaultCaller = ({ workloads, gateways }: CallerList): string => {
  const page = workloads.find((name) => name.includes('productpage'));
  const first = page ?? workloads.find((name) => !name.startsWith('istio-system/')) ?? workloads[0];
  return first === undefined ? `gateway ${gateways[0] ?? ''}` : `outbound ${first}`;
};

/** Reads a draft from an address; what is missing gets a value that works with the sample application. */
export const readDraft = (
  query: Readonly<Record<string, string>>,
  callers: CallerList,
): RequestDraft => ({
  from: query['from'] ?? defaultCaller(callers),
  method: query['method'] ?? 'GET',
  url: query['url'] ?? 'http://reviews:9080/reviews/0',
  headers: query['headers'] ?? '',
  yaml: query['yaml'] ?? '',
});

/** The same as a query of an address. */
export const writeDraft = (draft: RequestDraft): Readonly<Record<string, string | undefined>> => ({
  from: draft.from,
  method: draft.method === 'GET' ? undefined : draft.method,
  url: draft.url,
  headers: draft.headers,
  yaml: draft.yaml,
});

const readCaller = (from: string): ExplainRequest['from'] => {
  const [kind = '', name = ''] = from.split(' ');
  if (kind === 'gateway') return { kind, gateway: name };
  return { kind: kind === 'inbound' ? 'inbound' : 'outbound', workload: name };
};

/** What the server is asked; undefined while there is no URL. */
export const toRequest = (draft: RequestDraft): ExplainRequest | undefined => {
  if (draft.url.trim() === '') return undefined;
  const headers = draft.headers
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return {
    method: draft.method,
    url: draft.url.trim(),
    from: readCaller(draft.from),
    ...(headers.length === 0 ? {} : { headers }),
    ...(draft.yaml.trim() === '' ? {} : { yaml: draft.yaml }),
  };
};
