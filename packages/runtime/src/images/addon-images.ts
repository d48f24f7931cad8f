import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { realGrafana } from '../addons/grafana-program.ts';
import { installedProgram } from '../addons/installed-program.ts';
import { realJaeger } from '../addons/jaeger-program.ts';
import { realPrometheus } from '../addons/prometheus-program.ts';
import type { AddonSite, RealAddon } from '../addons/real-addon.ts';
import { ConfigMissing } from '../kubelet/config-source.ts';
import type { LocalImage } from './image-catalog.ts';
import type { Program } from './program.ts';

/** Where the parts that stand in for addons answer on this machine. */
export interface AddonEndpoints {
  /** `http://127.0.0.1:20001`. */
  readonly dashboard: string;
  /** Receivers of spans: OTLP over HTTP, OTLP over gRPC where it is taken, and Zipkin. */
  readonly otlp: string;
  readonly otlpGrpc?: string;
  readonly zipkin: string;
}

/** A port of a pod that answers with what is at a URL. */
interface AddonPort {
  readonly port: number;
  /** Undefined: nothing answers there. */
  readonly url: (endpoints: AddonEndpoints) => string | undefined;
}

const dashboardAt =
  (path = '') =>
  ({ dashboard }: AddonEndpoints): string =>
    `${dashboard}${path}`;

/**
 * Addons' images, and what answers in their place: on a machine without the real programs the mesh's own
 * eyes stand behind the Services of the addons.
 */
const addons: Readonly<Record<string, readonly AddonPort[]>> = {
  'quay.io/kiali/kiali': [{ port: 20_001, url: dashboardAt() }],
  'docker.io/prom/prometheus': [{ port: 9_090, url: dashboardAt('/prometheus') }],
  'docker.io/grafana/grafana': [{ port: 3_000, url: dashboardAt() }],
  'docker.io/jaegertracing/all-in-one': [
    { port: 9_411, url: ({ zipkin }) => zipkin },
    { port: 4_318, url: ({ otlp }) => otlp },
    // gRPC is no HTTP/1.1: its bytes are passed on.
    { port: 4_317, url: ({ otlpGrpc }) => otlpGrpc?.replace(/^http:/, 'tcp:') },
    { port: 16_686, url: dashboardAt() },
  ],
  'ghcr.io/prometheus-operator/prometheus-config-reloader': [
    { port: 8_080, url: dashboardAt('/healthz') },
  ],
};

/** Those whose real program runs where it is installed. */
const realAddons: Readonly<Record<string, RealAddon>> = {
  'docker.io/prom/prometheus': realPrometheus,
  'docker.io/grafana/grafana': realGrafana,
  'docker.io/jaegertracing/all-in-one': realJaeger,
};

/** The same program under another name. */
const aliases: Readonly<Record<string, string>> = {
  'docker.io/jaegertracing/jaeger': 'docker.io/jaegertracing/all-in-one',
  'docker.io/jimmidyson/configmap-reload': 'ghcr.io/prometheus-operator/prometheus-config-reloader',
};

const require = createRequire(import.meta.url);
const relayProgram: string = join(dirname(require.resolve('@lateen/telemetry')), 'relay-main.ts');

const relay = (
  ports: readonly AddonPort[],
  endpoints: () => AddonEndpoints | undefined,
): Program => ({
  prepare: async ({ addresses: { podAddress } }) => {
    const found = endpoints();
    if (found === undefined)
      throw new ConfigMissing('the dashboard does not run: lateen up without --no-dashboard');
    const args = ports.flatMap(({ port, url }) => {
      const target = url(found);
      return target === undefined ? [] : ['--route', `${podAddress}:${port}=${target}`];
    });
    return { args, env: {} };
  },
});

/** The real program where it is installed, our part where not: decided anew at each start of a container. */
const realOrRelay = (real: RealAddon | undefined, ours: Program, site: AddonSite): Program => {
  const found = (): string | undefined =>
    real === undefined ? undefined : installedProgram(real.programs, site.environment);
  return {
    prepare: (request) => {
      const program = found();
      return real === undefined || program === undefined
        ? ours.prepare(request)
        : real.prepare(program, request, site);
    },
    answeredBy: () => {
      const program = found();
      return program === undefined ? 'a part of Lateen' : `the real program ${program}`;
    },
    takesProxy: real === realGrafana,
  };
};

/**
 * Images of addons: real programs that are installed on this machine, else parts of Lateen. `endpoints` is asked whenever
 * a container starts.
 */
export const addonImages = (
  endpoints: () => AddonEndpoints | undefined,
  site: AddonSite,
): readonly LocalImage[] =>
  [...Object.keys(addons), ...Object.keys(aliases)].map((name) => ({
    name,
    program: realOrRelay(
      realAddons[name],
      relay(addons[aliases[name] ?? name] ?? [], endpoints),
      site,
    ),
    env: {},
    command: [process.execPath, relayProgram],
    workingDir: dirname(relayProgram),
  }));
