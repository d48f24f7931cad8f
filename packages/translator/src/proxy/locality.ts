/** Where a workload runs (Envoy core.v3.Locality). Empty strings when unknown. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** Nothing known. */
export const unknownLocality: Locality = { region: '', zone: '', subZone: '' };

/** Reads `region/zone/subzone`; missing parts are empty. */
export const parseLocality = (value: string): Locality => {
  const [region = '', zone = '', subZone = ''] = value.split('/');
  return { region, zone, subZone };
};

/** `region/zone/subzone` without trailing empty parts: the key endpoints are grouped by. */
export const formatLocality = ({ region, zone, subZone }: Locality): string =>
  [region, zone, subZone].join('/').replace(/\/+$/, '');
