import type { JsonRecord } from '@lateen/xds/json-record';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { type ClusterFlags, clusterConnection, contextOption } from '../cluster-connection.ts';
import type { Output } from '../progress.ts';
import { assignmentSummary, selectAssignments } from '../proxy-config/assignment-summary.ts';
import { bootstrapSummary } from '../proxy-config/bootstrap-summary.ts';
import { canonicalJson } from '../proxy-config/canonical-json.ts';
import {
  type ClusterFilter,
  clusterSummary,
  selectClusters,
} from '../proxy-config/cluster-summary.ts';
import {
  assignmentsOf,
  clustersOf,
  dumpSection,
  listenersOf,
  routesOf,
  secretsOf,
} from '../proxy-config/config-dump.ts';
import {
  type DumpSource,
  fileSource,
  liveSource,
  requireSection,
} from '../proxy-config/dump-source.ts';
import {
  type EndpointFilter,
  endpointSummary,
  selectClusterStatuses,
} from '../proxy-config/endpoint-summary.ts';
import {
  type ListenerFilter,
  listenerSummary,
  selectListeners,
} from '../proxy-config/listener-summary.ts';
import { loggingRequests } from '../proxy-config/log-levels.ts';
import { podAdmin } from '../proxy-config/pod-admin.ts';
import { resolvePod } from '../proxy-config/pod-name.ts';
import { ProxyConfigError } from '../proxy-config/proxy-config-error.ts';
import { routeSummary, selectRoutes } from '../proxy-config/route-summary.ts';
import { secretSummary } from '../proxy-config/secret-summary.ts';

type Format = 'short' | 'json' | 'yaml';

/** Flags every subcommand has. */
interface CommonFlags extends ClusterFlags {
  readonly namespace?: string;
  readonly output: Format;
  readonly file?: string;
}

interface VerboseFlag {
  readonly verbose: boolean;
}

interface Place {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
}

const port = (text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new InvalidArgumentError('a port is a number up to 65535');
};

const truth = (text: string): boolean => {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new InvalidArgumentError('write --verbose=true or --verbose=false');
};

/** The proxy a command line is about. */
const sourceOf = async (
  pod: string | undefined,
  flags: CommonFlags,
  { env }: Place,
): Promise<DumpSource> => {
  if (flags.file !== undefined) return fileSource(flags.file);
  if (pod === undefined)
    throw new ProxyConfigError('bad-flag', 'name a pod, or a file with --file');
  const connection = clusterConnection(flags, env);
  const ref = await resolvePod(connection, pod, flags.namespace ?? connection.namespace);
  return liveSource(podAdmin(connection, ref));
};

/** Whole resources, as istioctl indents them. */
const formatDump = (value: unknown, format: Format): string =>
  format === 'yaml' ? stringify(value) : `${JSON.stringify(value, undefined, 4)}\n`;

const print = async (
  { output }: Place,
  format: Format,
  views: { readonly dump: () => unknown; readonly summary: () => string },
): Promise<void> =>
  output.out(format === 'short' ? views.summary() : formatDump(await views.dump(), format));

const messageTypes = {
  cluster: 'envoy.config.cluster.v3.Cluster',
  listener: 'envoy.config.listener.v3.Listener',
  route: 'envoy.config.route.v3.RouteConfiguration',
  clusterStatus: 'envoy.admin.v3.ClusterStatus',
  assignment: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  bootstrap: 'envoy.admin.v3.BootstrapConfigDump',
  secrets: 'envoy.admin.v3.SecretsConfigDump',
} as const;

/** One message, where istioctl prints no list. */
const canonicalMessage = async (
  type: keyof typeof messageTypes,
  resource: JsonRecord,
): Promise<unknown> => (await canonicalJson(messageTypes[type], [resource]))[0];

/** Adds a subcommand with what all of them take. */
const addKind = (
  parent: Command,
  {
    names,
    description,
    format = 'short',
  }: {
    readonly names: readonly string[];
    readonly description: string;
    readonly format?: Format;
  },
): Command => {
  const [name = '', ...aliases] = names;
  return parent
    .command(name)
    .aliases(aliases)
    .description(description)
    .argument('[pod]', 'pod[.namespace], or deploy/name[.namespace]')
    .option('-n, --namespace <namespace>', 'of the pod')
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['short', 'json', 'yaml'])
        .default(format),
    )
    .option('-f, --file <file>', 'what the proxy answered, instead of a proxy')
    .option('--state-dir <folder>', 'the cluster to ask', '.lateen')
    .option('--kubeconfig <file>', 'any other cluster')
    .addOption(contextOption());
};

const verbose = (): Option =>
  new Option('--verbose <bool>', 'show matches and destinations').argParser(truth).default(true);

const addClusters = (parent: Command, place: Place): void => {
  addKind(parent, {
    names: ['cluster', 'clusters', 'c'],
    description: 'clusters of a proxy',
  })
    .option('--fqdn <host>', 'of this service')
    .option('--port <port>', 'of this port', port)
    .option('--subset <name>', 'of this subset')
    .option('--direction <direction>', 'inbound or outbound')
    .action(async (pod: string | undefined, flags: CommonFlags & ClusterFilter) => {
      const dump = await (await sourceOf(pod, flags, place)).configDump();
      const clusters = selectClusters(
        clustersOf(requireSection(dump, 'ClustersConfigDump')),
        flags,
      );
      await print(place, flags.output, {
        dump: () => canonicalJson(messageTypes.cluster, clusters),
        summary: () => clusterSummary(clusters),
      });
    });
};

const addListeners = (parent: Command, place: Place): void => {
  addKind(parent, {
    names: ['listener', 'listeners', 'l'],
    description: 'listeners of a proxy',
  })
    .option('--address <address>', 'on this address')
    .option('--port <port>', 'on this port', port)
    .option('--type <type>', 'HTTP, TCP or HTTP+TCP')
    .addOption(verbose())
    .action(async (pod: string | undefined, flags: CommonFlags & ListenerFilter & VerboseFlag) => {
      const dump = await (await sourceOf(pod, flags, place)).configDump();
      const section = requireSection(dump, 'ListenersConfigDump');
      const listeners = selectListeners(listenersOf(section), flags);
      await print(place, flags.output, {
        dump: () => canonicalJson(messageTypes.listener, listeners),
        summary: () => listenerSummary(listeners, flags.verbose),
      });
    });
};

const addRoutes = (parent: Command, place: Place): void => {
  addKind(parent, {
    names: ['route', 'routes', 'r'],
    description: 'route configurations of a proxy',
  })
    .option('--name <name>', 'of this name')
    .addOption(verbose())
    .action(
      async (
        pod: string | undefined,
        flags: CommonFlags & VerboseFlag & { readonly name?: string },
      ) => {
        const dump = await (await sourceOf(pod, flags, place)).configDump();
        const section = requireSection(dump, 'RoutesConfigDump');
        const routes = selectRoutes(routesOf(section), flags.name);
        await print(place, flags.output, {
          dump: () => canonicalJson(messageTypes.route, routes),
          summary: () => routeSummary(routes, flags.verbose),
        });
      },
    );
};

const endpointOptions = (command: Command): Command =>
  command
    .option('--address <address>', 'at this address')
    .option('--port <port>', 'at this port', port)
    .option('--cluster <name>', 'of this cluster')
    .option('--status <status>', 'HEALTHY, UNHEALTHY, DRAINING ...');

const addEndpoints = (parent: Command, place: Place): void => {
  endpointOptions(
    addKind(parent, {
      names: ['endpoint', 'endpoints', 'ep'],
      description: 'endpoints of a proxy, with what it thinks of them',
    }),
  ).action(async (pod: string | undefined, flags: CommonFlags & EndpointFilter) => {
    const clusters = await (await sourceOf(pod, flags, place)).clusters();
    await print(place, flags.output, {
      dump: () => canonicalJson(messageTypes.clusterStatus, selectClusterStatuses(clusters, flags)),
      summary: () => endpointSummary(clusters, flags),
    });
  });
};

const addAssignments = (parent: Command, place: Place): void => {
  endpointOptions(
    addKind(parent, { names: ['eds'], description: 'endpoints as the control plane sent them' }),
  ).action(async (pod: string | undefined, flags: CommonFlags & EndpointFilter) => {
    const dump = await (await sourceOf(pod, flags, place)).configDump();
    const section = requireSection(dump, 'EndpointsConfigDump');
    const assignments = selectAssignments(assignmentsOf(section), flags);
    await print(place, flags.output, {
      dump: () => canonicalJson(messageTypes.assignment, assignments),
      summary: () => assignmentSummary(assignments),
    });
  });
};

const addBootstrap = (parent: Command, place: Place): void => {
  addKind(parent, {
    names: ['bootstrap', 'b'],
    description: 'what a proxy was started with',
    format: 'json',
  }).action(async (pod: string | undefined, flags: CommonFlags) => {
    const dump = await (await sourceOf(pod, flags, place)).configDump();
    const section = requireSection(dump, 'BootstrapConfigDump');
    await print(place, flags.output, {
      dump: () => canonicalMessage('bootstrap', section),
      summary: () => bootstrapSummary(section),
    });
  });
};

const addSecrets = (parent: Command, place: Place): void => {
  addKind(parent, {
    names: ['secret', 'secrets', 's'],
    description: 'certificates of a proxy',
  }).action(async (pod: string | undefined, flags: CommonFlags) => {
    const dump = await (await sourceOf(pod, flags, place)).configDump();
    const section = dumpSection(dump, 'SecretsConfigDump') ?? {};
    await print(place, flags.output, {
      dump: () => canonicalMessage('secrets', section),
      summary: () => secretSummary(secretsOf(section), Date.now()),
    });
  });
};

interface LogFlags extends CommonFlags {
  readonly level?: string;
  readonly reset?: boolean;
}

/** Levels that `--reset` brings back. */
const defaultLevel = 'warning';

const addLog = (parent: Command, place: Place): void => {
  addKind(parent, { names: ['log', 'o'], description: 'show or set log levels of a proxy' })
    .option('--level <levels>', 'debug, or http:debug,router:trace')
    .option('-r, --reset', `every logger to ${defaultLevel}`)
    .action(async (pod: string | undefined, flags: LogFlags) => {
      if (pod === undefined) throw new ProxyConfigError('bad-flag', 'log requires a pod name');
      const wanted = flags.reset === true ? defaultLevel : flags.level;
      const requests = wanted === undefined ? ['/logging'] : loggingRequests(wanted);
      const connection = clusterConnection(flags, place.env);
      const ref = await resolvePod(connection, pod, flags.namespace ?? connection.namespace);
      const admin = podAdmin(connection, ref);
      let answer = '';
      for (const request of requests) answer = await admin.post(request);
      place.output.out(`${ref.name}.${ref.namespace}:\n${answer}`);
    });
};

const everySummary = (dump: JsonRecord): string => {
  const of = (name: Parameters<typeof dumpSection>[1]): JsonRecord => dumpSection(dump, name) ?? {};
  const summaries = [
    bootstrapSummary(of('BootstrapConfigDump')),
    clusterSummary(selectClusters(clustersOf(of('ClustersConfigDump')), {})),
    listenerSummary(selectListeners(listenersOf(of('ListenersConfigDump')), {}), true),
    routeSummary(selectRoutes(routesOf(of('RoutesConfigDump')), undefined), true),
    secretSummary(secretsOf(of('SecretsConfigDump')), Date.now()),
    assignmentSummary(selectAssignments(assignmentsOf(of('EndpointsConfigDump')), {})),
  ];
  return summaries.join('\n');
};

const addAll = (parent: Command, place: Place): void => {
  addKind(parent, { names: ['all', 'a'], description: 'everything a proxy has' }).action(
    async (pod: string | undefined, flags: CommonFlags) => {
      const dump = await (await sourceOf(pod, flags, place)).configDump();
      await print(place, flags.output, {
        dump: () => dump,
        summary: () => everySummary(dump),
      });
    },
  );
};

/** Adds `lateen proxy-config`, istioctl's command of that name. */
export const addProxyConfig = (program: Command, output: Output, env: NodeJS.ProcessEnv): void => {
  const parent = program
    .command('proxy-config')
    .alias('pc')
    .description('show the configuration a proxy has');
  const place: Place = { output, env };
  for (const add of [
    addClusters,
    addListeners,
    addRoutes,
    addEndpoints,
    addAssignments,
    addBootstrap,
    addSecrets,
    addLog,
    addAll,
  ])
    add(parent, place);
};
