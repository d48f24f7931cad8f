import type { Quantity } from './container.ts';

/** core/v1 KeyToPath: one key as a file. */
export interface KeyToPath {
  readonly key: string;
  readonly path: string;
  /** Octal permission bits as a decimal number. */
  readonly mode?: number;
}

/** core/v1 DownwardAPIVolumeFile. */
export interface DownwardApiFile {
  readonly path: string;
  readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string };
  readonly resourceFieldRef?: {
    readonly containerName?: string;
    readonly resource: string;
    readonly divisor?: Quantity;
  };
  readonly mode?: number;
}

/** core/v1 VolumeProjection: one source of a projected volume. */
export interface VolumeProjection {
  readonly secret?: {
    readonly name?: string;
    readonly items?: readonly KeyToPath[];
    readonly optional?: boolean;
  };
  readonly configMap?: {
    readonly name?: string;
    readonly items?: readonly KeyToPath[];
    readonly optional?: boolean;
  };
  readonly downwardAPI?: { readonly items?: readonly DownwardApiFile[] };
  readonly serviceAccountToken?: {
    readonly audience?: string;
    /** Default 3600. */
    readonly expirationSeconds?: number;
    readonly path: string;
  };
  readonly clusterTrustBundle?: unknown;
}

/** core/v1 Volume. The kinds that a local runtime can serve are typed; cloud and network volumes are carried as they are. */
export interface Volume {
  readonly name: string;
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: Quantity };
  readonly configMap?: {
    readonly name?: string;
    readonly items?: readonly KeyToPath[];
    readonly defaultMode?: number;
    readonly optional?: boolean;
  };
  readonly secret?: {
    readonly secretName?: string;
    readonly items?: readonly KeyToPath[];
    readonly defaultMode?: number;
    readonly optional?: boolean;
  };
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly downwardAPI?: {
    readonly items?: readonly DownwardApiFile[];
    readonly defaultMode?: number;
  };
  readonly projected?: {
    readonly sources?: readonly VolumeProjection[];
    readonly defaultMode?: number;
  };
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly [networkVolume: string]: unknown;
}
