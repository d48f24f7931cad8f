import type { ConfigDetail, ServiceSummary } from '@lateen/telemetry/contract';
import { useEffect, useState } from 'preact/hooks';
import { type ApiError, asApiError, getJson } from '../../data/api-client.ts';
import { toManifest } from '../manifest.ts';
import { configPath } from '../save-documents.ts';
import type { WizardTarget } from './wizard-input.ts';

const readRule = async (
  service: ServiceSummary,
  kind: string,
  isOurs: (detail: ConfigDetail) => boolean,
  signal: AbortSignal,
): Promise<ConfigDetail | undefined> => {
  for (const reference of service.config.filter((each) => each.kind === kind)) {
    const detail = await getJson<ConfigDetail>(configPath(reference), signal);
    if (isOurs(detail)) return detail;
  }
  return undefined;
};

const specOf = ({ object }: ConfigDetail): Readonly<Record<string, unknown>> =>
  (object['spec'] ?? {}) as Readonly<Record<string, unknown>>;

/** A VirtualService for traffic inside the mesh: one that only gateways use is another matter. */
const isForMesh = (detail: ConfigDetail): boolean => {
  const gateways = specOf(detail)['gateways'];
  return !Array.isArray(gateways) || gateways.length === 0 || gateways.includes('mesh');
};

/** What was read; both undefined while it is being read. */
export interface ReadTarget {
  readonly target: WizardTarget | undefined;
  readonly error: ApiError | undefined;
}

const reading: ReadTarget = { target: undefined, error: undefined };

/** A service with the rules that are about it. */
export const useWizardTarget = (service: ServiceSummary | undefined): ReadTarget => {
  const [read, setRead] = useState<ReadTarget>(reading);
  const key = service === undefined ? '' : JSON.stringify([service.namespace, service.name]);
  useEffect(() => {
    setRead(reading);
    if (service === undefined) return;
    const abort = new AbortController();
    const { signal } = abort;
    Promise.all([
      readRule(service, 'VirtualService', isForMesh, signal),
      readRule(service, 'DestinationRule', () => true, signal),
    ]).then(
      ([virtualService, destinationRule]) => {
        if (signal.aborted) return;
        const target = {
          namespace: service.namespace,
          host: service.name,
          port: service.ports[0]?.port ?? 80,
          versions: service.versions,
          virtualService: virtualService && toManifest(virtualService.object),
          destinationRule: destinationRule && toManifest(destinationRule.object),
        };
        setRead({ target, error: undefined });
      },
      (error: unknown) => {
        if (!signal.aborted) setRead({ target: undefined, error: asApiError(error) });
      },
    );
    return () => abort.abort();
    // Read once for each service: an answer to one's own saving must not change what is being filled in.
  }, [key]);
  return read;
};
