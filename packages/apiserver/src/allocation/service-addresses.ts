import type { KubeObject, Service, ServicePort, ServiceSpec } from '@lateen/api';
import type { Clock, Diagnostic } from '@lateen/base';
import type { AdmissionAnswer, AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import { ipv4FromNumber, ipv4ToNumber } from './ipv4.ts';
import { NumberPool, type NumberRange } from './number-pool.ts';

/** What may be given out, and what is taken. */
export interface ServiceAddressOptions {
  /** ClusterIPs to give out, both ends included. The first is given only to who asks for it (`kubernetes`). */
  readonly addresses: { readonly first: string; readonly last: string };
  /** Default: Kubernetes' 30000-32767. */
  readonly nodePorts?: NumberRange;
  /** All stored Services: what they have is taken. */
  readonly services: () => Iterable<KubeObject>;
  readonly clock: Clock;
}

const defaultNodePorts: NumberRange = { first: 30_000, last: 32_767 };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** One request's work: what it claims it gives back if the request is refused. */
interface Draft {
  /** `namespace/name`. */
  readonly owner: string;
  readonly spec: Mutable<ServiceSpec>;
  readonly old: ServiceSpec | undefined;
  readonly diagnostics: Diagnostic[];
  readonly claimed: { readonly pool: NumberPool; readonly number: number }[];
}

const invalidField = (path: string, message: string): Diagnostic => ({
  severity: 'error',
  code: 'FieldInvalid',
  path,
  message,
});

const hasNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);

const needsAddress = ({ type }: ServiceSpec): boolean => type !== 'ExternalName';

/** What Kubernetes fills in by type. */
const completeByType = (spec: Mutable<ServiceSpec>): void => {
  spec.type ??= 'ClusterIP';
  if (spec.ports !== undefined)
    spec.ports = spec.ports.map((port) => ({ ...port, targetPort: targetPortOf(port) }));
  if (!needsAddress(spec)) return;
  spec.internalTrafficPolicy ??= 'Cluster';
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  if (spec.type === 'ClusterIP') return;
  spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
};

const targetPortOf = ({ targetPort, port }: ServicePort): number | string =>
  targetPort === undefined || targetPort === '' || targetPort === 0 ? port : targetPort;

/** Values the server gave stay when an update leaves them out (Kubernetes' patchAllocatedValues). */
const keepAllocated = ({ spec, old }: Draft): void => {
  if (old === undefined) return;
  if (needsAddress(old) && needsAddress(spec) && (spec.clusterIP ?? '') === '')
    spec.clusterIP = old.clusterIP ?? '';
  if (!hasNodePorts(old) || !hasNodePorts(spec)) return;
  spec.ports = spec.ports?.map((port) => {
    if ((port.nodePort ?? 0) !== 0) return port;
    const same = old.ports?.find(
      (other) => other.port === port.port && other.protocol === port.protocol,
    );
    return same?.nodePort === undefined ? port : { ...port, nodePort: same.nodePort };
  }) as readonly ServicePort[];
};

/** Node ports a spec holds. */
const nodePortsOf = (spec: ServiceSpec | undefined): readonly number[] =>
  (spec?.ports ?? []).flatMap(({ nodePort }) =>
    nodePort === undefined || nodePort === 0 ? [] : [nodePort],
  );

/**
 * Admission step that gives Services their ClusterIP and node ports, and refuses ones that are taken,
 * out of range, or changed afterwards.
 */
export class ServiceAddresses implements AdmissionPlugin {
  readonly name = 'ServiceAddresses';
  readonly #services: () => Iterable<KubeObject>;
  readonly #addresses: NumberPool;
  readonly #nodePorts: NumberPool;

  /** @throws RangeError when `addresses` are not IPv4 addresses in order: a programmer's error. */
  constructor({ addresses, nodePorts, services, clock }: ServiceAddressOptions) {
    const first = ipv4ToNumber(addresses.first);
    const last = ipv4ToNumber(addresses.last);
    if (first === undefined || last === undefined || first > last)
      throw new RangeError(`not an address range: ${addresses.first} to ${addresses.last}`);
    this.#services = services;
    this.#addresses = new NumberPool({ first, last }, clock);
    this.#nodePorts = new NumberPool(nodePorts ?? defaultNodePorts, clock);
  }

  admit(request: AdmissionRequest): AdmissionAnswer {
    const { group, kind, operation, subresource } = request;
    const isService = group === '' && kind === 'Service' && subresource === undefined;
    if (!isService) return {};
    const { object, oldObject } = request;
    if (operation === 'DELETE') {
      if (!request.dryRun) this.#release((object as Service).spec);
      return {};
    }
    const owner = `${request.namespace ?? ''}/${request.name}`;
    const draft: Draft = {
      owner,
      spec: { ...(object as Service).spec },
      old: (oldObject as Service | undefined)?.spec,
      diagnostics: [],
      claimed: [],
    };
    completeByType(draft.spec);
    keepAllocated(draft);
    const others = [...this.#services()].filter(
      ({ metadata }) =>
        metadata.name !== object.metadata.name || metadata.namespace !== object.metadata.namespace,
    ) as readonly Service[];
    this.#assignAddress(draft, others);
    this.#assignNodePorts(draft, others);
    if (!request.dryRun) this.#release(draft.old);
    const refused = draft.diagnostics.length > 0;
    if (refused || request.dryRun)
      for (const { pool, number } of draft.claimed) pool.forget(number);
    return refused
      ? { diagnostics: draft.diagnostics }
      : { object: { ...object, spec: draft.spec } };
  }

  /** What is stored is taken because it is stored: no claim is needed, and none must outlive it. */
  #release(spec: ServiceSpec | undefined): void {
    for (const nodePort of nodePortsOf(spec)) this.#nodePorts.forget(nodePort);
    const address = ipv4ToNumber(spec?.clusterIP ?? '');
    if (address !== undefined) this.#addresses.forget(address);
  }

  #assignAddress(draft: Draft, others: readonly Service[]): void {
    const { spec, old } = draft;
    if (!needsAddress(spec)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
      return;
    }
    const wanted = spec.clusterIP ?? '';
    const before = old !== undefined && needsAddress(old) ? (old.clusterIP ?? '') : '';
    if (before !== '' && wanted !== before) {
      draft.diagnostics.push(
        invalidField('spec.clusterIP', `Invalid value: "${wanted}": field is immutable`),
      );
      return;
    }
    if (wanted !== 'None' && wanted !== before) this.#claimAddress(draft, wanted, others);
    else if (wanted === '') this.#anyAddress(draft, takenAddresses(others));
    if (spec.clusterIP !== undefined && spec.clusterIP !== '') spec.clusterIPs = [spec.clusterIP];
  }

  #claimAddress(draft: Draft, wanted: string, others: readonly Service[]): void {
    const number = ipv4ToNumber(wanted);
    const refuse = (why: string): void => {
      draft.diagnostics.push(invalidField('spec.clusterIP', `Invalid value: "${wanted}": ${why}`));
    };
    if (number === undefined) refuse('must be an IPv4 address or "None"');
    else if (!this.#addresses.includes(number)) {
      const { first, last } = this.#addresses.range;
      refuse(
        `the provided IP is not in the valid range. The range of valid IPs is ${ipv4FromNumber(first)}-${ipv4FromNumber(last)}`,
      );
    } else if (this.#addresses.claim(number, draft.owner, takenAddresses(others)))
      draft.claimed.push({ pool: this.#addresses, number });
    else refuse('failed to allocate IP: provided IP is already allocated');
  }

  #anyAddress(draft: Draft, taken: ReadonlySet<number>): void {
    const reserved = new Set([...taken, this.#addresses.range.first]);
    const number = this.#addresses.claimAny(draft.owner, reserved);
    if (number === undefined) {
      draft.diagnostics.push(
        invalidField('spec.clusterIP', 'failed to allocate an IP: the range is full'),
      );
      return;
    }
    draft.claimed.push({ pool: this.#addresses, number });
    draft.spec.clusterIP = ipv4FromNumber(number);
  }

  #assignNodePorts(draft: Draft, others: readonly Service[]): void {
    const { spec, old } = draft;
    if (spec.ports === undefined) return;
    if (!hasNodePorts(spec)) {
      // A type without node ports gives back those the old type had; ones asked for now are an error.
      const before = new Set(nodePortsOf(old));
      spec.ports = spec.ports.map(({ nodePort, ...port }, index) => {
        const asked = nodePort !== undefined && nodePort !== 0 && !before.has(nodePort);
        if (asked && spec.type !== 'LoadBalancer')
          draft.diagnostics.push(
            invalidField(
              `spec.ports[${index}].nodePort`,
              `Forbidden: may not be used when \`type\` is '${spec.type}'`,
            ),
          );
        return port;
      });
      return;
    }
    const taken = new Set(others.flatMap(({ spec: other }) => nodePortsOf(other)));
    const own = new Set(nodePortsOf(old));
    spec.ports = spec.ports.map((port, index) => ({
      ...port,
      nodePort: this.#nodePort({ draft, wanted: port.nodePort ?? 0, taken, own, index }),
    }));
  }

  #nodePort({ draft, wanted, taken, own, index }: NodePortRequest): number {
    const path = `spec.ports[${index}].nodePort`;
    if (wanted === 0) {
      const number = this.#nodePorts.claimAny(draft.owner, new Set([...taken, ...own]));
      if (number !== undefined) draft.claimed.push({ pool: this.#nodePorts, number });
      else
        draft.diagnostics.push(invalidField(path, 'failed to allocate a nodePort: range is full'));
      return number ?? 0;
    }
    const { first, last } = this.#nodePorts.range;
    if (own.has(wanted)) return wanted;
    if (!this.#nodePorts.includes(wanted))
      draft.diagnostics.push(
        invalidField(
          path,
          `Invalid value: ${wanted}: provided port is not in the valid range. The range of valid ports is ${first}-${last}`,
        ),
      );
    else if (this.#nodePorts.claim(wanted, draft.owner, taken))
      draft.claimed.push({ pool: this.#nodePorts, number: wanted });
    else
      draft.diagnostics.push(
        invalidField(path, `Invalid value: ${wanted}: provided port is already allocated`),
      );
    return wanted;
  }
}

interface NodePortRequest {
  readonly draft: Draft;
  /** 0: any. */
  readonly wanted: number;
  readonly taken: ReadonlySet<number>;
  readonly own: ReadonlySet<number>;
  readonly index: number;
}

const takenAddresses = (services: readonly Service[]): ReadonlySet<number> =>
  new Set(
    services.flatMap(({ spec }) => {
      const number = ipv4ToNumber(spec?.clusterIP ?? '');
      return number === undefined ? [] : [number];
    }),
  );
