import grpc from '@grpc/grpc-js';

const identity = (bytes: Buffer): Buffer => bytes;

const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/mesh.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

const service = {
  say: method('Say', false, false),
  gather: method('Gather', true, false),
  spell: method('Spell', false, true),
  talk: method('Talk', true, true),
};

/** A stock gRPC server with all four kinds of calls, and what it has seen. */
export interface GrpcService extends AsyncDisposable {
  readonly port: number;
  /** Calls ended by the client or by a deadline. */
  readonly cancelled: number;
  /** Deadline of the last call, in milliseconds from its arrival; Infinity: none. */
  readonly deadlineMs: number;
}

/** `fail`: FAILED_PRECONDITION; `hang`: no answer; else the request itself. */
export const startGrpcService = async (): Promise<GrpcService> => {
  const state = { cancelled: 0, deadlineMs: Number.POSITIVE_INFINITY };
  const note = (
    call: grpc.ServerUnaryCall<Buffer, Buffer> | grpc.ServerDuplexStream<Buffer, Buffer>,
  ) => {
    state.deadlineMs = Number(call.getDeadline()) - Date.now();
    call.on('cancelled', () => {
      state.cancelled++;
    });
  };
  const server = new grpc.Server();
  server.addService(service, {
    say: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void => {
      note(call);
      const initial = new grpc.Metadata();
      initial.set('x-initial', 'first');
      call.sendMetadata(initial);
      const text = call.request.toString();
      const trailers = new grpc.Metadata();
      trailers.set('x-echo', String(call.metadata.get('x-key')[0] ?? ''));
      trailers.set('x-echo-bin', call.metadata.get('x-key-bin')[0] ?? Buffer.alloc(0));
      if (text === 'fail') {
        done({
          code: grpc.status.FAILED_PRECONDITION,
          details: 'as asked: äöü',
          metadata: trailers,
        });
      } else if (text !== 'hang') done(null, call.request, trailers);
    },
    gather: (
      call: grpc.ServerReadableStream<Buffer, Buffer>,
      done: grpc.sendUnaryData<Buffer>,
    ): void => {
      const parts: Buffer[] = [];
      call.on('data', (part: Buffer) => parts.push(part));
      call.on('end', () => done(null, Buffer.concat(parts)));
    },
    spell: (call: grpc.ServerWritableStream<Buffer, Buffer>): void => {
      for (const letter of call.request.toString()) call.write(Buffer.from(letter));
      call.end();
    },
    talk: (call: grpc.ServerDuplexStream<Buffer, Buffer>): void => {
      note(call);
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
    get cancelled() {
      return state.cancelled;
    },
    get deadlineMs() {
      return state.deadlineMs;
    },
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
};

/** What came of a unary call. */
export interface GrpcAnswer {
  readonly text: string | undefined;
  readonly status: grpc.StatusObject;
  readonly initial: grpc.Metadata | undefined;
}

/** A stock client; `authority` is what the application calls the service. */
export class GrpcClient implements Disposable {
  readonly #client: grpc.Client;

  constructor(port: number, authority: string) {
    this.#client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      'grpc.default_authority': authority,
      'grpc.enable_retries': 0,
    });
  }

  say(text: string, metadata: grpc.Metadata, options: grpc.CallOptions = {}): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      let answer: string | undefined;
      let initial: grpc.Metadata | undefined;
      const { path } = service.say;
      const bytes = Buffer.from(text);
      const call = this.#client.makeUnaryRequest(
        path,
        identity,
        identity,
        bytes,
        metadata,
        options,
        (_error, value) => {
          answer = value?.toString();
        },
      );
      call.on('metadata', (got) => {
        initial = got;
      });
      call.on('status', (status) => setImmediate(() => resolve({ text: answer, status, initial })));
    });
  }

  gather(parts: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const { path } = service.gather;
      const call = this.#client.makeClientStreamRequest(
        path,
        identity,
        identity,
        (error, value) => {
          if (error) reject(error);
          else resolve(String(value));
        },
      );
      for (const part of parts) call.write(Buffer.from(part));
      call.end();
    });
  }

  async spell(text: string): Promise<string[]> {
    const { path } = service.spell;
    const letters: string[] = [];
    const call = this.#client.makeServerStreamRequest(path, identity, identity, Buffer.from(text));
    for await (const part of call) letters.push(String(part));
    return letters;
  }

  /** Says each part after the answer to the one before; `cancelAfter` answers it hangs up. */
  async talk(parts: readonly string[], cancelAfter = Number.POSITIVE_INFINITY): Promise<string[]> {
    const call = this.#client.makeBidiStreamRequest(service.talk.path, identity, identity);
    const answers: string[] = [];
    const left = [...parts];
    call.write(Buffer.from(left.shift() ?? ''));
    try {
      for await (const part of call) {
        answers.push(String(part));
        const next = left.shift();
        if (answers.length === cancelAfter) call.cancel();
        else if (next === undefined) call.end();
        else call.write(Buffer.from(next));
      }
    } catch (error) {
      if ((error as grpc.ServiceError).code !== grpc.status.CANCELLED) throw error;
    }
    return answers;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
