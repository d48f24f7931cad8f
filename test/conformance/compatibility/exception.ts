/** Why no row shows a field. Keys are those of `Evidence`: `Kind path`, or `Kind path: WORD`. */
export type Exceptions = ReadonlyMap<string, string>;

const tlsOfSidecars = 'Sidecar ingress[].tls';

/** Part of Istio's API and without effect in Istio 1.30; `analyze` says so of what people may rely on. */
export const notImplementedInIstio: Exceptions = new Map([
  ['VirtualService http[].fault.delay.exponentialDelay', 'use fixedDelay'],
  ['VirtualService http[].fault.abort.http2Error', 'use httpStatus'],
  ['VirtualService http[].fault.abort.percent', 'not in the CRD any more; use percentage'],
  ['VirtualService tcp[].match[].sourceSubnet', 'clients are chosen by sourceLabels'],
  [
    'DestinationRule trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes[]',
    'in the API of 1.31, and istiod does not read it yet',
  ],
  ['Gateway servers[].defaultEndpoint', 'route with a VirtualService'],
  ['Gateway servers[].port.targetPort', 'deprecated; the Service of the gateway says it'],
  [
    'Gateway servers[].tls.tlsCertificates[].caCertificates',
    'clients are checked by caCertificates of the server',
  ],
  ['Telemetry targetRefs[].namespace', 'a Gateway of its own namespace is meant'],
  ['Sidecar ingress[].port.name', 'a label for people'],
  ['Sidecar ingress[].port.targetPort', 'deprecated; defaultEndpoint says it'],
  [`${tlsOfSidecars}.caCertCredentialName`, 'goes with credentialName, which sidecars refuse'],
  [`${tlsOfSidecars}.mode: PASSTHROUGH`, 'the default, with which nothing is terminated'],
  [
    'Sidecar inboundConnectionPool.http.h2UpgradePolicy',
    'upgrades are between proxies: the app gets what its port declares',
  ],
  ['Sidecar inboundConnectionPool.http.h2UpgradePolicy: DEFAULT', 'as the field'],
  ['Sidecar inboundConnectionPool.http.h2UpgradePolicy: DO_NOT_UPGRADE', 'as the field'],
  ['Sidecar inboundConnectionPool.http.h2UpgradePolicy: UPGRADE', 'as the field'],
]);

/** Newer than Istio 1.30: taken, so that manifests of 1.31 apply, and without effect. */
export const newerThanIstio: Exceptions = new Map([
  ['DestinationRule trafficPolicy.loadBalancer.zoneAwareLbSetting', ''],
  ['DestinationRule trafficPolicy.connectionPool.http.http2KeepAlive', ''],
  ['DestinationRule trafficPolicy.retryBudget.budgetInterval', ''],
  ['Gateway servers[].tls.insecureSkipVerify', ''],
  [`${tlsOfSidecars}.insecureSkipVerify`, ''],
  ['Sidecar inboundConnectionPool.http.http2KeepAlive', ''],
  ['Sidecar outboundTrafficPolicy.mode: ALLOW_ANY_DYNAMIC_DNS', ''],
]);

const ingressPort = 'port: { number: 443, protocol: HTTPS, name: https }';
const certificate = 'serverCertificate: /c.pem, privateKey: /k.pem, caCertificates: /ca.pem';
const ingressTls = (fields: string): string =>
  `{ ingress: [{ ${ingressPort}, tls: { mode: SIMPLE, ${certificate}, ${fields} } }] }`;

/** Refused by admission as Istio refuses it: for each field a spec that shows it. */
export const refusedByIstio: Exceptions = new Map([
  [`${tlsOfSidecars}.httpsRedirect`, ingressTls('httpsRedirect: true')],
  [`${tlsOfSidecars}.credentialName`, ingressTls('credentialName: a')],
  [`${tlsOfSidecars}.credentialNames[]`, ingressTls('credentialNames: [a, b]')],
  [
    `${tlsOfSidecars}.tlsCertificates[]`,
    ingressTls('tlsCertificates: [{ serverCertificate: /c.pem, privateKey: /k.pem }]'),
  ],
  [`${tlsOfSidecars}.subjectAltNames[]`, ingressTls('subjectAltNames: [a.example.com]')],
  [
    `${tlsOfSidecars}.mode: ISTIO_MUTUAL`,
    `{ ingress: [{ ${ingressPort}, tls: { mode: ISTIO_MUTUAL } }] }`,
  ],
  [
    `${tlsOfSidecars}.mode: AUTO_PASSTHROUGH`,
    `{ ingress: [{ ${ingressPort}, tls: { mode: AUTO_PASSTHROUGH } }] }`,
  ],
]);
