import { asRecord, type JsonRecord, message, text } from '@lateen/xds/json-record';

/** istioctl's `proxy-config bootstrap -o short`: who made the proxy. */
export const bootstrapSummary = (section: JsonRecord): string => {
  const node = message(section, 'bootstrap', 'node');
  const metadata = message(node, 'metadata');
  const build = message(node, 'user_agent_build_version');
  const version = asRecord(message(build, 'version'));
  const numbers = ['major_number', 'minor_number', 'patch']
    .map((name) => String(version[name] ?? 0))
    .join('.');
  const lines: readonly (readonly [string, string])[] = [
    ['Istio Version:', text(metadata, 'ISTIO_VERSION')],
    [
      'Istio Proxy Version:',
      text(metadata, 'ISTIO_PROXY_VERSION') || text(node, 'user_agent_name'),
    ],
    ['Envoy Version:', numbers],
  ];
  return lines.map(([name, value]) => `${name.padEnd(21)}${value}\n`).join('');
};
