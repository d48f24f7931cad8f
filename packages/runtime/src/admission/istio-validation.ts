import { validateIstioObject } from '@lateen/api';
import type { AdmissionPlugin } from '@lateen/apiserver';
import { formatDiagnostic } from '@lateen/base';
import { celProblem, regexProblem } from '@lateen/routing';
import type { AdmissionMetrics } from './admission-metrics.ts';

/** The only one of istiod's reasons that is left to admission: the schema refuses what cannot be read. */
const invalidReason = 'invalid_resource';

/** Istio's validating webhook: errors refuse the object with their fields, the rest are warnings. */
export const istioValidationPlugin = (metrics: AdmissionMetrics): AdmissionPlugin => ({
  name: 'istio-validation',
  admit: ({ operation, group, version, plural, object, subresource }) => {
    if (operation === 'DELETE' || subresource !== undefined || !group.endsWith('.istio.io'))
      return {};
    const findings = validateIstioObject(object, { regexProblem, celProblem });
    const diagnostics = findings.filter(({ severity }) => severity === 'error');
    const warnings = findings
      .filter(({ severity }) => severity === 'warning')
      .map((finding) => formatDiagnostic(finding));
    const labels = { group, version, resource: plural };
    if (diagnostics.length === 0) metrics.validationPassed.add(1, labels);
    else metrics.validationFailed.add(1, { ...labels, reason: invalidReason });
    return { diagnostics, warnings };
  },
});
