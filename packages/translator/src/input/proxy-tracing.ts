import { boolean, message, number, type Reader, text, uint32 } from './reader.ts';
import { type CustomTagInput, customTags } from './telemetry.ts';

/** `tracing` of mesh.v1alpha1.ProxyConfig: of the mesh's `defaultConfig`, or of one proxy. */
export interface ProxyTracing {
  /** Percent; 0 and undefined leave it to the default, 1. */
  readonly sampling: number | undefined;
  readonly customTags: ReadonlyMap<string, CustomTagInput> | undefined;
  readonly maxPathTagLength: number | undefined;
  readonly enableIstioTags: boolean | undefined;
  /** `host:port` of a collector that speaks Zipkin. */
  readonly zipkin: { readonly address: string | undefined } | undefined;
}

const proxyTracing: Reader<ProxyTracing | undefined> = message<ProxyTracing>({
  sampling: number,
  customTags,
  maxPathTagLength: uint32,
  enableIstioTags: boolean,
  zipkin: message<NonNullable<ProxyTracing['zipkin']>>({ address: text }),
});

/** Reads `tracing` of a ProxyConfig; `wrong` when some field has the wrong type. */
export const readProxyTracing = (value: unknown): ProxyTracing | undefined | 'wrong' => {
  let isWrong = false;
  const tracing = proxyTracing(value, 'tracing', () => {
    isWrong = true;
  });
  return isWrong ? 'wrong' : tracing;
};

/** What a proxy says over what the mesh says, field by field. */
export const overTracing = (
  mesh: ProxyTracing | undefined,
  own: ProxyTracing | undefined,
): ProxyTracing => ({
  sampling: own?.sampling || mesh?.sampling,
  customTags: own?.customTags ?? mesh?.customTags,
  maxPathTagLength: own?.maxPathTagLength ?? mesh?.maxPathTagLength,
  enableIstioTags: own?.enableIstioTags ?? mesh?.enableIstioTags,
  zipkin: own?.zipkin ?? mesh?.zipkin,
});
