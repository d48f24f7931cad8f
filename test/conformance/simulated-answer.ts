import {
  completeCluster,
  meshInputs,
  parseRequest,
  type Simulation,
  simulate,
} from '@lateen/simulation';
import { buildPushContext, type MeshInputs, type PushContext } from '@lateen/translator';
import type { Row } from './table.ts';

interface Mesh {
  readonly inputs: MeshInputs;
  readonly push: PushContext;
}

const meshes = new WeakMap<object, Mesh>();

/** The mesh of a row; rows of a group share it. */
export const meshOf = ({
  group,
  objects,
  config,
}: Pick<Row, 'group' | 'objects' | 'config'>): Mesh => {
  const known = meshes.get(group);
  if (known !== undefined) return known;
  const inputs = meshInputs(completeCluster(objects), config);
  const mesh = { inputs, push: buildPushContext(inputs) };
  meshes.set(group, mesh);
  return mesh;
};

/** The answer of translator and engine, or the code of what is wrong with the question. */
export const simulatedAnswer = (
  row: Row,
  interceptionMode: 'REDIRECT' | 'NONE',
): Simulation | string => {
  const request = parseRequest(row);
  if (request.value === undefined) return request.diagnostics[0]?.code ?? '';
  const { value, diagnostics } = simulate({
    ...meshOf(row),
    caller: row.caller,
    request: request.value,
    interceptionMode,
    certificates: false,
  });
  return value ?? diagnostics[0]?.code ?? '';
};
