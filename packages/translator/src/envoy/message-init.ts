import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';

/** The plain fields `create` takes for a message: parts of a message can be built apart and spread. */
export type MessageFields<Desc extends DescMessage> = Exclude<
  MessageInitShape<Desc>,
  MessageShape<Desc>
>;
