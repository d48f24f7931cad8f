import { type DescMethod, type DescService, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

type Message = Parameters<typeof toBinary>[1];

/**
 * A grpc-js service from a protobuf-es descriptor: paths and stream kinds from the .proto file, bytes
 * by protobuf-es. Implementations are keyed by the method's lower-camel name.
 */
export const grpcServiceDefinition = (service: DescService): ServiceDefinition =>
  Object.fromEntries(
    service.methods.map((method) => [method.localName, methodDefinition(service, method)]),
  );

const methodDefinition = (
  service: DescService,
  method: DescMethod,
): MethodDefinition<Message, Message> => ({
  path: `/${service.typeName}/${method.name}`,
  requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
  responseStream:
    method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
  requestSerialize: (message) => bufferOf(toBinary(method.input, message)),
  requestDeserialize: (bytes) => fromBinary(method.input, bytes),
  responseSerialize: (message) => bufferOf(toBinary(method.output, message)),
  responseDeserialize: (bytes) => fromBinary(method.output, bytes),
});

/** A view, not a copy. */
const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
