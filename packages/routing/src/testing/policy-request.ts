import { metadataAt } from '../metadata-path.ts';
import type { PolicyRequest } from '../policy-request.ts';

/** What a test says of a request; the rest is a plaintext GET of `/`. */
export interface PolicyRequestModel {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly principal?: string | null;
  readonly dnsSans?: readonly string[];
  readonly subject?: string;
  readonly source?: string;
  readonly remote?: string;
  readonly port?: number;
  readonly serverName?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly routeMetadata?: Readonly<Record<string, unknown>>;
  readonly filterState?: Readonly<Record<string, string>>;
  readonly tcp?: boolean;
}

/** A request for policies. */
export const policyRequest = (model: PolicyRequestModel): PolicyRequest => {
  const { headers = {}, principal, source = '10.0.0.1', metadata = {}, filterState = {} } = model;
  const peer = {
    uriSans: principal ? [principal] : [],
    dnsSans: model.dnsSans ?? [],
    subject: model.subject ?? '',
  };
  return {
    connection: {
      destinationAddress: '10.0.0.9',
      destinationPort: model.port ?? 8080,
      sourceAddress: source,
      directRemoteAddress: source,
      serverName: model.serverName ?? '',
      peer: principal === undefined ? undefined : peer,
    },
    remoteAddress: model.remote ?? source,
    head: model.tcp
      ? undefined
      : {
          method: model.method ?? 'GET',
          scheme: 'http',
          authority: model.authority ?? 'a.example',
          path: model.path ?? '/',
          header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
        },
    dynamicMetadata: (namespace, path) => metadataAt(metadata, [namespace, ...path]),
    routeMetadata: (namespace, path) => metadataAt(model.routeMetadata, [namespace, ...path]),
    filterState: (key) => filterState[key],
  };
};
