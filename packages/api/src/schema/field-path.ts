/** A field path one step deeper, as kubectl prints it: `spec.http[0]`, `metadata.labels[a/b]`. */
export const fieldPath = (parent: string, step: string | number): string => {
  if (typeof step === 'number') return `${parent}[${step}]`;
  if (parent === '') return step;
  return /^[A-Za-z_$@-][\w$@-]*$/.test(step) ? `${parent}.${step}` : `${parent}[${step}]`;
};
