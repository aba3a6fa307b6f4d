/** Services whose decoders never throw: the library would answer INTERNAL to a malformed message, without a code of ours. */
import type { ServiceDefinition } from '@grpc/grpc-js';

import { fail, type ForetickError } from '#proto';

/** Bytes that are no message, and why: kept until the handler can answer with a coded error. */
export class Undecodable {
  readonly error: ForetickError;

  constructor(error: ForetickError) {
    this.error = error;
  }
}

export function decoded<Request>(request: Request | Undecodable): Request {
  if (!(request instanceof Undecodable)) return request;
  throw request.error;
}

export function tolerant(service: ServiceDefinition, maxMessageBytes: number): ServiceDefinition {
  const decode = (method: ServiceDefinition[string], bytes: Buffer): unknown => {
    if (bytes.length > maxMessageBytes) {
      return new Undecodable(fail('PAYLOAD_TOO_LARGE', `a message of ${bytes.length} bytes; at most ${maxMessageBytes} are taken`));
    }
    try {
      return method.requestDeserialize(bytes);
    } catch (cause) {
      return new Undecodable(fail('INVALID_REQUEST', 'the message cannot be decoded', { cause }));
    }
  };
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: (bytes: Buffer): unknown => decode(method, bytes) },
    ]),
  );
}
