import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Client, type ClientDuplexStream, credentials } from '@grpc/grpc-js';
import { typeUrls } from '@lateen/xds';
import {
  type Secret,
  SecretSchema,
} from '@lateen/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import {
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@lateen/xds/gen/envoy/service/discovery/v3/discovery_pb.js';

/** Text of an inline data source; '' for anything else. */
const inlineText = (
  source:
    | { readonly specifier: { readonly case: string | undefined; readonly value?: unknown } }
    | undefined,
): string =>
  source?.specifier.case === 'inlineBytes'
    ? Buffer.from(source.specifier.value as Uint8Array).toString()
    : '';

/** A secret as text. */
export interface SecretText {
  readonly name: string;
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

const textOf = ({ name, type }: Secret): SecretText => ({
  name,
  chain: type.case === 'tlsCertificate' ? inlineText(type.value.certificateChain) : '',
  key: type.case === 'tlsCertificate' ? inlineText(type.value.privateKey) : '',
  roots: type.case === 'validationContext' ? inlineText(type.value.trustedCa) : '',
});

/** A subscription to one secret over a Unix socket, as Envoy makes it (`StreamSecrets`). */
export class SecretClient {
  readonly #client: Client;
  readonly #call: ClientDuplexStream<DiscoveryRequest, DiscoveryResponse>;
  readonly #received: SecretText[] = [];
  #wake: () => void = () => undefined;

  constructor(socketPath: string, name: string) {
    this.#client = new Client(`unix:${socketPath}`, credentials.createInsecure());
    this.#call = this.#client.makeBidiStreamRequest<DiscoveryRequest, DiscoveryResponse>(
      '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
      (message) => Buffer.from(toBinary(DiscoveryRequestSchema, message)),
      (bytes) => fromBinary(DiscoveryResponseSchema, bytes),
    );
    const ask = (response?: DiscoveryResponse): void => {
      this.#call.write(
        create(DiscoveryRequestSchema, {
          typeUrl: typeUrls.secret,
          resourceNames: [name],
          versionInfo: response?.versionInfo ?? '',
          responseNonce: response?.nonce ?? '',
        }),
      );
    };
    this.#call.on('error', () => undefined);
    this.#call.on('data', (response: DiscoveryResponse) => {
      for (const { value } of response.resources)
        this.#received.push(textOf(fromBinary(SecretSchema, value)));
      ask(response);
      this.#wake();
    });
    ask();
  }

  /** The next one, in order of arrival. */
  async next(): Promise<SecretText> {
    for (;;) {
      const first = this.#received.shift();
      if (first !== undefined) return first;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#call.cancel();
    this.#client.close();
  }
}
