import type { UserInfo } from '../auth/authentication.ts';

/** What a write needs to know of the request it came with. */
export interface RequestContext {
  readonly user: UserInfo;
  /** Everything is done but the write itself (`dryRun=All`). */
  readonly dryRun: boolean;
  /** What unknown fields do. kubectl asks for Strict, others get Warn. */
  readonly fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  readonly fieldManager: string;
  /** A server-side apply: the object brings the managedFields it shall have. */
  readonly isApply?: boolean;
  /** Sent as `Warning` headers with the answer; appended to while the request is worked on. */
  readonly warnings: string[];
}
