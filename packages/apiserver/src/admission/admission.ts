import type { KubeObject } from '@lateen/api';
import type { Diagnostic } from '@lateen/base';
import type { UserInfo } from '../auth/authentication.ts';

/** What an admission plugin is asked about (admission.k8s.io/v1 AdmissionRequest, the part in use). */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: string | undefined;
  /** The object as it would be stored; for DELETE the stored one. */
  readonly object: KubeObject;
  readonly oldObject: KubeObject | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
}

/** What a step lets pass, perhaps changed. */
export interface AdmissionAnswer {
  /** A changed object; absent: as it was. */
  readonly object?: KubeObject;
  /** Sent to the client as `Warning` headers. */
  readonly warnings?: readonly string[];
  /** Any error refuses the request with 422 and its field paths. */
  readonly diagnostics?: readonly Diagnostic[];
}

/** One step of admission. Steps run in order; each sees what those before it changed. */
export interface AdmissionPlugin {
  readonly name: string;
  admit(request: AdmissionRequest): AdmissionAnswer | Promise<AdmissionAnswer>;
}
