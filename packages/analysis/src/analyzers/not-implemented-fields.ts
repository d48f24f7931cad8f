import type {
  DestinationRule,
  EnvoyFilter,
  Gateway,
  VirtualService,
  WasmPlugin,
} from '@lateen/api';
import type { Analyzer } from '../analyzer.ts';
import { type Finding, finding } from '../finding.ts';
import { fieldNotImplemented } from '../message.ts';

const gatewayFields = (gateway: Gateway): readonly Finding[] =>
  (gateway.spec.servers ?? []).flatMap(({ defaultEndpoint }, index) =>
    defaultEndpoint === undefined
      ? []
      : [
          finding(
            gateway,
            fieldNotImplemented(
              'Server.defaultEndpoint',
              'route to a service with a VirtualService',
            ),
            `spec.servers[${index}].defaultEndpoint`,
          ),
        ],
  );

const faultFields = (rule: VirtualService): readonly Finding[] =>
  (rule.spec.http ?? []).flatMap(({ fault }, index) => [
    ...(fault?.delay?.exponentialDelay === undefined
      ? []
      : [
          finding(
            rule,
            fieldNotImplemented('HTTPRoute.fault.delay.exponentialDelay', 'use fixedDelay'),
            `spec.http[${index}].fault.delay.exponentialDelay`,
          ),
        ]),
    ...(fault?.abort?.http2Error === undefined
      ? []
      : [
          finding(
            rule,
            fieldNotImplemented('HTTPRoute.fault.abort.http2Error', 'use httpStatus'),
            `spec.http[${index}].fault.abort.http2Error`,
          ),
        ]),
  ]);

const tcpFields = (rule: VirtualService): readonly Finding[] =>
  (rule.spec.tcp ?? []).flatMap(({ match = [] }, index) =>
    match.flatMap(({ sourceSubnet }, place) =>
      sourceSubnet === undefined
        ? []
        : [
            finding(
              rule,
              fieldNotImplemented('L4MatchAttributes.sourceSubnet'),
              `spec.tcp[${index}].match[${place}].sourceSubnet`,
            ),
          ],
    ),
  );

interface PlacedOutlierDetection {
  readonly path: string;
  readonly codes: readonly unknown[] | undefined;
}

const outlierPlaces = ({ spec }: DestinationRule): readonly PlacedOutlierDetection[] => {
  const policies = [
    { path: 'spec.trafficPolicy', policy: spec.trafficPolicy },
    ...(spec.subsets ?? []).map(({ trafficPolicy }, index) => ({
      path: `spec.subsets[${index}].trafficPolicy`,
      policy: trafficPolicy,
    })),
  ];
  return policies.flatMap(({ path, policy }) => [
    {
      path: `${path}.outlierDetection`,
      codes: policy?.outlierDetection?.outlierDetectionHttpErrorCodes,
    },
    ...(policy?.portLevelSettings ?? []).map(({ outlierDetection }, index) => ({
      path: `${path}.portLevelSettings[${index}].outlierDetection`,
      codes: outlierDetection?.outlierDetectionHttpErrorCodes,
    })),
  ]);
};

const outlierFields = (rule: DestinationRule): readonly Finding[] =>
  outlierPlaces(rule)
    .filter(({ codes }) => codes !== undefined)
    .map(({ path }) =>
      finding(
        rule,
        fieldNotImplemented('OutlierDetection.outlierDetectionHttpErrorCodes'),
        `${path}.outlierDetectionHttpErrorCodes`,
      ),
    );

const filterFields = (filter: EnvoyFilter): readonly Finding[] =>
  (filter.spec?.configPatches ?? []).flatMap(({ match }, index) =>
    match?.listener?.portName === undefined
      ? []
      : [
          finding(
            filter,
            fieldNotImplemented('ListenerMatch.portName', 'use portNumber'),
            `spec.configPatches[${index}].match.listener.portName`,
          ),
        ],
  );

const pluginFields = (plugin: WasmPlugin): readonly Finding[] =>
  plugin.spec?.verificationKey === undefined
    ? []
    : [
        finding(
          plugin,
          fieldNotImplemented('WasmPlugin.verificationKey', 'use sha256'),
          'spec.verificationKey',
        ),
      ];

/** Fields of Istio's API that Istio reads and then does nothing with. */
export const notImplementedFields: Analyzer = {
  name: 'lateen.NotImplementedFieldAnalyzer',
  description: 'Names fields that Istio accepts and does not implement',
  analyze: (context) => [
    ...context.gateways.flatMap(gatewayFields),
    ...context.virtualServices.flatMap((rule) => [...faultFields(rule), ...tcpFields(rule)]),
    ...context.destinationRules.flatMap(outlierFields),
    ...context.envoyFilters.flatMap(filterFields),
    ...context.wasmPlugins.flatMap(pluginFields),
  ],
};
