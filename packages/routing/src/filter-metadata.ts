import type { Metadata } from '@lateen/xds/gen/envoy/config/core/v3/base_pb.js';

const none: Readonly<Record<string, unknown>> = {};

/** `filter_metadata` as plain data; typed metadata are not looked at by anything here. */
export const filterMetadata = (metadata: Metadata | undefined): Readonly<Record<string, unknown>> =>
  metadata?.filterMetadata ?? none;

/** The `envoy.lb` part: what endpoints are selected by. */
export const loadBalancerMetadata = (
  metadata: Metadata | undefined,
): Readonly<Record<string, unknown>> | undefined => metadata?.filterMetadata['envoy.lb'];
