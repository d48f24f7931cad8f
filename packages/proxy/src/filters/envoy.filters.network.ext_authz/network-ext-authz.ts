import { create } from '@bufbuild/protobuf';
import type { Dice, NetworkExtAuthzSettings } from '@lateen/routing';
import {
  type CheckRequest,
  CheckRequestSchema,
} from '@lateen/xds/gen/envoy/service/auth/v3/external_auth_pb.js';
import type { ClusterDirectory } from '../../http/connection-manager.ts';
import { type StatsRegistry, StatsScope } from '../../stats/registry.ts';
import { callCluster } from '../cluster-call.ts';
import {
  addressMessage,
  checkCall,
  grpcOutcome,
  principalOf,
} from '../envoy.filters.http.ext_authz/grpc-check.ts';
import type { GatedConnection, NetworkGate } from '../network-gate.ts';

const questionOf = (
  connection: GatedConnection,
  { includePeerCertificate }: NetworkExtAuthzSettings,
): CheckRequest => {
  const { tls, localLabel, remoteLabel, serverName } = connection;
  const pem = includePeerCertificate ? tls?.peer?.pem : undefined;
  return create(CheckRequestSchema, {
    attributes: {
      source: {
        address: addressMessage(remoteLabel),
        principal: principalOf(tls?.peer),
        ...(pem !== undefined && { certificate: encodeURIComponent(pem) }),
      },
      destination: { address: addressMessage(localLabel), principal: principalOf(tls?.local) },
      ...(tls !== undefined && { tlsSession: { sni: serverName } }),
    },
  });
};

/** The external authorization of connections: asks before anything is connected. */
export const createNetworkExtAuthz = (
  settings: NetworkExtAuthzSettings,
  deps: { readonly clusters: ClusterDirectory; readonly dice: Dice; readonly stats: StatsRegistry },
): NetworkGate => {
  const { service, failureModeAllow, enabledMetadata, statPrefix } = settings;
  const scope = new StatsScope(deps.stats, {
    prefix: `ext_authz.${statPrefix}`,
    family: 'envoy_ext_authz',
    labels: { prefix: statPrefix },
  });
  const counters = {
    ok: scope.counter('ok'),
    denied: scope.counter('denied'),
    error: scope.counter('error'),
    disabled: scope.counter('disabled'),
    failureModeAllowed: scope.counter('failure_mode_allowed'),
  };
  const onError = (connection: GatedConnection): boolean => {
    counters.error.value++;
    if (!failureModeAllow) connection.denial = 'ext_authz_error';
    if (failureModeAllow) counters.failureModeAllowed.value++;
    return failureModeAllow;
  };
  return {
    admit: (connection, done) => {
      if (enabledMetadata !== undefined) {
        const { filter, path } = enabledMetadata;
        if (!enabledMetadata.matches(connection.metadata.read(filter, path))) {
          counters.disabled.value++;
          return true;
        }
      }
      const cluster = deps.clusters.get(service.cluster);
      if (cluster === undefined) return onError(connection);
      const request = { ...checkCall(questionOf(connection, settings), service), dice: deps.dice };
      callCluster(cluster, request, (result) => {
        const outcome = grpcOutcome(result);
        if (outcome.kind === 'error') {
          done(onError(connection));
          return;
        }
        const isAllowed = outcome.kind === 'allowed';
        if (!isAllowed) connection.denial = 'ext_authz_denied';
        counters[isAllowed ? 'ok' : 'denied'].value++;
        done(isAllowed);
      });
      return undefined;
    },
  };
};
