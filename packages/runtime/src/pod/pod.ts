import type { KubeObject } from '@lateen/api';

/** core/v1 EnvVarSource, the sources a local pod has. */
export interface EnvVarSource {
  readonly fieldRef?: { readonly fieldPath: string };
  readonly resourceFieldRef?: { readonly resource: string; readonly divisor?: string };
  readonly configMapKeyRef?: KeyRef;
  readonly secretKeyRef?: KeyRef;
}

/** Reference to a key of a ConfigMap or Secret. */
export interface KeyRef {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

/** core/v1 EnvVar. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: EnvVarSource;
}

/** core/v1 EnvFromSource. */
export interface EnvFrom {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean };
  readonly secretRef?: { readonly name: string; readonly optional?: boolean };
}

/** core/v1 HTTPGetAction. */
export interface HttpGetAction {
  readonly path?: string;
  readonly port: number | string;
  readonly host?: string;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

/** core/v1 Probe; times in seconds, Kubernetes' defaults where absent. */
export interface Probe {
  readonly httpGet?: HttpGetAction;
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly exec?: { readonly command?: readonly string[] };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly initialDelaySeconds?: number;
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}

/** core/v1 LifecycleHandler. */
export interface LifecycleHandler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: HttpGetAction;
  readonly sleep?: { readonly seconds: number };
}

/** core/v1 ContainerPort. */
export interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

/** core/v1 VolumeMount. */
export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly subPath?: string;
}

/** Limits and requests of a container; quantities are read for the pod's QoS class only. */
export interface ResourceRequirements {
  readonly limits?: Readonly<Record<string, string | number>>;
  readonly requests?: Readonly<Record<string, string | number>>;
}

/** core/v1 Container. */
export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly imagePullPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly EnvFrom[];
  readonly ports?: readonly ContainerPort[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: {
    readonly preStop?: LifecycleHandler;
    readonly postStart?: LifecycleHandler;
  };
  readonly resources?: ResourceRequirements;
  readonly stdin?: boolean;
  readonly tty?: boolean;
  /** `Always` on an init container makes it a sidecar (KEP-753). */
  readonly restartPolicy?: 'Always';
}

/** core/v1 KeyToPath. */
export interface KeyToPath {
  readonly key: string;
  readonly path: string;
}

/** Files made from a pod's own fields. */
export interface DownwardFiles {
  readonly items?: readonly {
    readonly path: string;
    readonly fieldRef?: { readonly fieldPath: string };
  }[];
}

/** One source of a projected volume. */
export interface VolumeProjection {
  readonly configMap?: { name: string; optional?: boolean; items?: readonly KeyToPath[] };
  readonly secret?: { name: string; optional?: boolean; items?: readonly KeyToPath[] };
  readonly downwardAPI?: DownwardFiles;
  readonly serviceAccountToken?: { path: string; audience?: string; expirationSeconds?: number };
}

/** core/v1 Volume, the kinds a local pod can have. */
export interface Volume {
  readonly name: string;
  readonly configMap?: { name: string; optional?: boolean; items?: readonly KeyToPath[] };
  readonly secret?: { secretName: string; optional?: boolean; items?: readonly KeyToPath[] };
  readonly emptyDir?: object;
  readonly hostPath?: { path: string };
  readonly downwardAPI?: DownwardFiles;
  readonly projected?: { readonly sources?: readonly VolumeProjection[] };
}

/** core/v1 PodSpec. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly schedulerName?: string;
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly serviceAccountName?: string;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly activeDeadlineSeconds?: number;
  readonly hostname?: string;
  readonly subdomain?: string;
}

/** core/v1 ContainerState: exactly one of the three is set. */
export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: TerminatedState;
}

/** core/v1 ContainerStateTerminated. */
export interface TerminatedState {
  readonly exitCode: number;
  readonly signal?: number;
  readonly reason: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly containerID?: string;
}

/** core/v1 ContainerStatus. */
export interface ContainerStatus {
  readonly name: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly started?: boolean;
}

/** core/v1 PodCondition. */
export interface PodCondition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason?: string;
  readonly message?: string;
  readonly lastProbeTime: null;
  readonly lastTransitionTime: string;
}

/** core/v1 PodStatus. */
export interface PodStatus {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  readonly conditions?: readonly PodCondition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly hostIP?: string;
  readonly hostIPs?: readonly { readonly ip: string }[];
  readonly startTime?: string;
  readonly qosClass?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** core/v1 Pod. */
export interface Pod extends KubeObject<PodSpec, PodStatus> {
  readonly spec: PodSpec;
}

/** core/v1 ConfigMap. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** core/v1 Secret. */
export interface Secret extends KubeObject {
  readonly type?: string;
  /** Values in base64. */
  readonly data?: Readonly<Record<string, string>>;
}

/** core/v1 ServicePort. */
export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

/** core/v1 Service. */
export interface Service
  extends KubeObject<
    {
      readonly type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
      readonly clusterIP?: string;
      readonly clusterIPs?: readonly string[];
      readonly externalIPs?: readonly string[];
      readonly loadBalancerIP?: string;
      readonly ports?: readonly ServicePort[];
      readonly selector?: Readonly<Record<string, string>>;
      readonly sessionAffinity?: string;
    },
    { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } }
  > {}

/** Uid of a stored object: the API server sets it on every one. */
export const uidOf = (object: KubeObject): string => object.metadata.uid ?? '';
