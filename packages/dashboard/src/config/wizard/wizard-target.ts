import type { ConfigDetail, ServiceSummary } from '@lateen/telemetry/contract';
import { useEffect, useState } from 'preact/hooks';
import { getJson } from '../../data/api-client.ts';
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

/** A service with the rules that are about it; undefined until they are read. */
export const useWizardTarget = (service: ServiceSummary | undefined): WizardTarget | undefined => {
  const [target, setTarget] = useState<WizardTarget | undefined>(undefined);
  const key = service === undefined ? '' : JSON.stringify([service.namespace, service.name]);
  const rules = JSON.stringify(service?.config ?? []);
  useEffect(() => {
    setTarget(undefined);
    if (service === undefined) return;
    const abort = new AbortController();
    const { signal } = abort;
    Promise.all([
      readRule(service, 'VirtualService', isForMesh, signal),
      readRule(service, 'DestinationRule', () => true, signal),
    ]).then(
      ([virtualService, destinationRule]) => {
        if (signal.aborted) return;
        setTarget({
          namespace: service.namespace,
          host: service.name,
          port: service.ports[0]?.port ?? 80,
          versions: service.versions,
          virtualService: virtualService && toManifest(virtualService.object),
          destinationRule: destinationRule && toManifest(destinationRule.object),
        });
      },
      () => {
        // The list is read again at the next change of the configuration, and this with it.
      },
    );
    return () => abort.abort();
  }, [key, rules]);
  return target;
};
