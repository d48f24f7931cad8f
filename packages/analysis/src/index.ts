export { analyzeObjects } from './analyze.ts';
export type { Analyzer } from './analyzer.ts';
export type {
  AnalysisContext,
  AnalysisOptions,
  CertificateProblem,
} from './context/analysis-context.ts';
export type { MeshProvider, TelemetrySection } from './context/mesh-provider.ts';
export { isKubeObject, notAnObject } from './context/object-reader.ts';
export { defaultGatewayObjects } from './default-gateway.ts';
export { compareFindings, type Finding, objectName, reaches } from './finding.ts';
export type { FieldPart } from './manifest/field-position.ts';
export { type ManifestDocument, readManifestDocuments } from './manifest/manifest-document.ts';
export type { Message } from './message.ts';
export { analyzers } from './registry.ts';
export { validateObject } from './validate-object.ts';
