import type { VirtualService } from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type AnalysisContext, namespaceOf } from '../context/analysis-context.ts';
import { type Finding, finding } from '../finding.ts';
import {
  referencedResourceNotFound,
  virtualServiceDestinationPortSelectorRequired,
} from '../message.ts';
import {
  mirrorDestinations,
  type PlacedDestination,
  routeDestinations,
} from './route-destination.ts';

interface Place {
  readonly rule: VirtualService;
  readonly context: AnalysisContext;
  /** `host` or `mirror host`. */
  readonly what: string;
}

const checkDestination = (
  { destination, path }: PlacedDestination,
  { rule, context, what }: Place,
): readonly Finding[] => {
  const { host, port } = destination;
  const found = context.hosts.find(host, namespaceOf(rule));
  if (found === undefined)
    return [finding(rule, referencedResourceNotFound(what, host), `${path}.host`)];
  if (port?.number === undefined) {
    if (found.ports.length < 2) return [];
    const message = virtualServiceDestinationPortSelectorRequired(host, found.ports);
    return [finding(rule, message, `${path}.host`)];
  }
  if (found.ports.includes(port.number)) return [];
  const message = referencedResourceNotFound('host:port', `${host}:${port.number}`);
  return [finding(rule, message, `${path}.port.number`)];
};

/** Destinations name services of the registry, with a port where there are several. */
export const destinationHosts: Analyzer = {
  name: 'virtualservice.DestinationHostAnalyzer',
  description: 'Checks the destination hosts associated with each virtual service',
  analyze: (context) =>
    context.virtualServices.flatMap((rule) => [
      ...routeDestinations(rule.spec).flatMap((one) =>
        checkDestination(one, { rule, context, what: 'host' }),
      ),
      ...mirrorDestinations(rule.spec).flatMap((one) =>
        checkDestination(one, { rule, context, what: 'mirror host' }),
      ),
    ]),
};
