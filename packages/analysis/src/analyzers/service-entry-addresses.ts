import type { Analyzer } from '../analyzer.ts';
import { finding } from '../finding.ts';
import { serviceEntryAddressesRequired } from '../message.ts';

/** TCP without an address of its own cannot be told from other TCP on the same port. */
export const serviceEntryAddresses: Analyzer = {
  name: 'serviceentry.Analyzer',
  description: 'Checks the validity of ServiceEntry',
  analyze: ({ serviceEntries }) =>
    serviceEntries
      .filter(
        ({ spec, status }) =>
          spec.addresses === undefined && (status?.addresses ?? []).length === 0,
      )
      .flatMap((entry) =>
        (entry.spec.ports ?? []).flatMap(({ protocol = '' }, index) =>
          protocol === '' || protocol.toUpperCase() === 'TCP'
            ? [finding(entry, serviceEntryAddressesRequired, `spec.ports[${index}].name`)]
            : [],
        ),
      ),
};
