import grpc from '@grpc/grpc-js';

const identity = (bytes: Buffer): Buffer => bytes;

const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/test.Echo/${path}`,
  requestStream,
  responseStream,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

const service = {
  unary: method('Unary', false, false),
  collect: method('Collect', true, false),
  expand: method('Expand', false, true),
  converse: method('Converse', true, true),
};

/** A gRPC server that answers with what it gets. */
export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  /** Unary calls so far. */
  readonly calls: number;
  /** Calls that the client or its deadline ended. */
  readonly cancelled: number;
}

const echoTrailers = (metadata: grpc.Metadata): grpc.Metadata => {
  const trailers = new grpc.Metadata();
  const [value] = metadata.get('x-key');
  if (value !== undefined) trailers.set('x-echo-trailer', value);
  return trailers;
};

/** Starts a stock gRPC server on a free port. Some messages ask for special behaviour. */
export const echoServer = async (): Promise<EchoServer> => {
  const state = { calls: 0, cancelled: 0 };
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  server.addService(service, {
    unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void => {
      state.calls++;
      const text = call.request.toString();
      call.on('cancelled', () => {
        state.cancelled++;
      });
      if (text === 'hang') return;
      if (text === 'fail') done({ code: grpc.status.FAILED_PRECONDITION, details: 'as asked' });
      else if (text === 'unavailable twice' && state.calls < 3) {
        done({ code: grpc.status.UNAVAILABLE, details: 'not yet' });
      } else done(null, call.request, echoTrailers(call.metadata));
    },
    collect: (
      call: grpc.ServerReadableStream<Buffer, Buffer>,
      done: grpc.sendUnaryData<Buffer>,
    ): void => {
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('end', () => done(null, Buffer.concat(parts)));
    },
    expand: (call: grpc.ServerWritableStream<Buffer, Buffer>): void => {
      for (const letter of call.request.toString()) call.write(Buffer.from(letter));
      call.end();
    },
    converse: (call: grpc.ServerDuplexStream<Buffer, Buffer>): void => {
      call.on('data', (part: Buffer) => call.write(part));
      call.on('end', () => call.end());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    get calls() {
      return state.calls;
    },
    get cancelled() {
      return state.cancelled;
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
    },
  };
};

/** What came of a unary call. */
export interface UnaryAnswer {
  readonly message: string | undefined;
  readonly code: number;
  readonly details: string;
  readonly trailers: grpc.Metadata;
}

/** A stock gRPC client of the echo service. */
export interface EchoClient {
  unary(text: string, metadata: Record<string, string>, timeoutMs?: number): Promise<UnaryAnswer>;
  collect(parts: readonly string[]): Promise<string>;
  expand(text: string): Promise<string[]>;
  /** Sends each part after the answer to the one before. */
  converse(parts: readonly string[]): Promise<string[]>;
  close(): void;
}

/** Connects to the echo service at a port. */
export const grpcEcho = (port: number): EchoClient => {
  const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
  });
  return {
    unary: (text, metadata, timeoutMs) =>
      new Promise((resolve) => {
        let message: string | undefined;
        const headers = new grpc.Metadata();
        for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
        const options = timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
        const { path } = service.unary;
        const call = client.makeUnaryRequest(
          path,
          identity,
          identity,
          Buffer.from(text),
          headers,
          options,
          (_error, value) => {
            message = value?.toString();
          },
        );
        call.on('status', ({ code, details, metadata: trailers }) => {
          setImmediate(() => resolve({ message, code, details, trailers }));
        });
      }),
    collect: (parts) =>
      new Promise((resolve, reject) => {
        const { path } = service.collect;
        const call = client.makeClientStreamRequest(path, identity, identity, (error, value) => {
          if (error) reject(error);
          else resolve(value?.toString() ?? '');
        });
        for (const part of parts) call.write(Buffer.from(part));
        call.end();
      }),
    expand: async (text) => {
      const { path } = service.expand;
      const call = client.makeServerStreamRequest(path, identity, identity, Buffer.from(text));
      const parts: string[] = [];
      for await (const part of call) parts.push(String(part));
      return parts;
    },
    converse: async (parts) => {
      const call = client.makeBidiStreamRequest(service.converse.path, identity, identity);
      const answers: string[] = [];
      const all = [...parts];
      call.write(Buffer.from(all.shift() ?? ''));
      for await (const part of call) {
        answers.push(String(part));
        const next = all.shift();
        if (next === undefined) call.end();
        else call.write(Buffer.from(next));
      }
      return answers;
    },
    close: () => client.close(),
  };
};
