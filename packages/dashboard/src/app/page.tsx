import type { Status } from '@lateen/telemetry/contract';
import type { VNode } from 'preact';
import { GraphPage } from '../graph/graph-page.tsx';

/** The page the reader is on. */
export const Page = ({ status }: { status: Status | undefined }): VNode => (
  <GraphPage status={status} />
);
