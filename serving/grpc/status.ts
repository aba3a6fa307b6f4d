/** Coded errors as gRPC statuses: the number from the table, the code in the trailer `foretick-code`. */
import { Metadata, type ServiceError } from '@grpc/grpc-js';

import { ERROR_CODES, type ForetickError } from '#proto';

export const CODE_TRAILER = 'foretick-code';

export function serviceError(error: ForetickError): ServiceError {
  const metadata = new Metadata();
  metadata.set(CODE_TRAILER, error.code);
  // What an INTERNAL error says is for the log: it may name files or hosts.
  const details = error.code === 'INTERNAL' ? 'something failed that should not have' : error.message;
  const coded: { code: number; details: string; metadata: Metadata } = { code: ERROR_CODES[error.code].grpc, details, metadata };
  return Object.assign(new Error(details) as ServiceError, coded);
}
