import { type RunRecord, readRunRecord, stateFolderAt } from '@lateen/runtime';

const portOf = (url: string): number => Number(new URL(url).port);

/** The ports that a member of a running mesh had when the mesh came up: kubeconfigs and people know it by them. */
export const memberPorts = (
  stateDir: string,
  name: string,
): { readonly port?: number; readonly gatewayPort?: number } => {
  const record = readRunRecord(stateFolderAt(stateDir));
  const member = record?.clusters?.find((one) => one.name === name);
  if (member === undefined) return {};
  return { port: portOf(member.apiServer), gatewayPort: portOf(member.gateway.http) };
};

/**
 * The record of a mesh with each member where it is now: one that was brought back may be elsewhere. The dashboard is that
 * of the first that runs: each shows the whole mesh.
 */
export const withLiveMembers = (record: RunRecord): RunRecord => {
  if (record.clusters === undefined) return record;
  const records = record.clusters.map(({ stateDir }) => readRunRecord(stateFolderAt(stateDir)));
  const clusters = record.clusters.map((member, at) => {
    const own = records[at];
    return own === undefined
      ? member
      : { ...member, apiServer: own.apiServer, gateway: own.gateway };
  });
  const dashboard = records.find((own) => own?.dashboard !== undefined)?.dashboard;
  return { ...record, clusters, ...(dashboard !== undefined && { dashboard }) };
};
