/** Coded errors as HTTP answers. Frameworks' own errors are mapped by their codes, never by their texts. */
import type { FastifyError } from 'fastify';
import type { z } from 'zod';

import { ERROR_CODES, ForetickError, asForetickError, fail, type ErrorCode } from '#proto';

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly retriable: boolean; readonly remedy: string };
}

export function errorBody(error: ForetickError): ErrorBody {
  const { retriable, remedy } = ERROR_CODES[error.code];
  // What an INTERNAL error says is for the log: it may name files or hosts.
  const message = error.code === 'INTERNAL' ? 'something failed that should not have' : error.message;
  return { error: { code: error.code, message, retriable, remedy } };
}

export function httpStatus(error: ForetickError): number {
  return ERROR_CODES[error.code].http;
}

const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
};

/** A coded error for whatever was thrown while a request was handled. */
export function toForetickError(error: unknown): ForetickError {
  if (error instanceof ForetickError) return error;
  const { code, statusCode, message } = error as Partial<FastifyError>;
  const known = code === undefined ? undefined : FRAMEWORK_CODES[code];
  if (known) return fail(known, message ?? known, { cause: error });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return fail('INVALID_REQUEST', message ?? 'the request is malformed', { cause: error });
  }
  return asForetickError(error);
}

/** Parsed value, or INVALID_REQUEST that names every field at fault. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.slice(0, 5).map((issue) => {
    const field = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
    return `${field}${issue.message}`;
  });
  throw fail('INVALID_REQUEST', `${what}: ${issues.join('; ')}`.slice(0, 500));
}
