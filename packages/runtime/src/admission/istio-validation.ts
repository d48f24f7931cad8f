import { validateIstioObject } from '@lateen/api';
import type { AdmissionPlugin } from '@lateen/apiserver';
import { formatDiagnostic } from '@lateen/base';
import { celProblem, regexProblem } from '@lateen/routing';

/** Istio's validating webhook: errors refuse the object with their fields, the rest are warnings. */
export const istioValidationPlugin: AdmissionPlugin = {
  name: 'istio-validation',
  admit: ({ operation, group, object, subresource }) => {
    if (operation === 'DELETE' || subresource !== undefined || !group.endsWith('.istio.io'))
      return {};
    const findings = validateIstioObject(object, { regexProblem, celProblem });
    const diagnostics = findings.filter(({ severity }) => severity === 'error');
    const warnings = findings
      .filter(({ severity }) => severity === 'warning')
      .map((finding) => formatDiagnostic(finding));
    return { diagnostics, warnings };
  },
};
