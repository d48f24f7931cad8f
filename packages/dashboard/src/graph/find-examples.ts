import type { MessageKey } from '../i18n/english.ts';

/** Expressions that show what the language can do, with what they find. */
export const findExamples: readonly { readonly expression: string; readonly text: MessageKey }[] = [
  { expression: '%error > 5', text: 'find.example.errors' },
  { expression: 'rps > 10', text: 'find.example.rate' },
  { expression: 'p95 > 200', text: 'find.example.latency' },
  { expression: '!mtls and traffic', text: 'find.example.plain' },
  { expression: 'failing or degraded', text: 'find.example.health' },
  { expression: 'name = reviews and version = v2', text: 'find.example.version' },
  { expression: 'namespace = istio-system', text: 'find.example.namespace' },
  { expression: 'vs or fi', text: 'find.example.rules' },
];
