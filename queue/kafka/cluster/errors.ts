/** What brokers and connections answer, as errors of ours: callers above the driver match on codes of `proto/errors.ts` only. */
import errors from 'kafkajs/src/protocol/error.js';

import { ForetickError, fail, type ErrorCode } from '#proto';

/** An error of kafkajs: a code of the protocol with its name (`type`), or a failed connection. */
export interface KafkaError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
]);

/** Passing, though kafkajs's table says otherwise, or answered by another broker next time. */
const PASSING: ReadonlySet<string> = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_CONTROLLER',
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'REQUEST_TIMED_OUT',
  'NETWORK_EXCEPTION',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'CONCURRENT_TRANSACTIONS',
  'UNSTABLE_OFFSET_COMMIT',
  'REPLICA_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'CORRUPT_MESSAGE',
  'TRANSACTION_COORDINATOR_FENCED',
]);

/** Codes of OpenSSL and Node for a certificate that is refused, by either side, or for a peer that does not speak TLS and says so: trying again changes nothing. */
const UNTRUSTED = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|\w*ALERT_\w+)$)/;

const CODES: Readonly<Record<string, ErrorCode>> = {
  INVALID_PRODUCER_EPOCH: 'FENCED',
  FENCED_INSTANCE_ID: 'FENCED',
  ILLEGAL_GENERATION: 'FENCED',
  UNKNOWN_MEMBER_ID: 'FENCED',
  MESSAGE_TOO_LARGE: 'RECORD_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'RECORD_TOO_LARGE',
  UNKNOWN_TOPIC_OR_PARTITION: 'UNKNOWN_TOPIC',
  INVALID_TOPIC_EXCEPTION: 'INVALID_REQUEST',
  INVALID_GROUP_ID: 'INVALID_REQUEST',
  INVALID_SESSION_TIMEOUT: 'CONFIG_INVALID',
  INVALID_TRANSACTION_TIMEOUT: 'CONFIG_INVALID',
  INVALID_REPLICATION_FACTOR: 'CONFIG_INVALID',
  INVALID_CONFIG: 'CONFIG_INVALID',
  POLICY_VIOLATION: 'CONFIG_INVALID',
  UNSUPPORTED_SASL_MECHANISM: 'QUEUE_FORBIDDEN',
  SASL_AUTHENTICATION_FAILED: 'QUEUE_FORBIDDEN',
  TOPIC_AUTHORIZATION_FAILED: 'QUEUE_FORBIDDEN',
  GROUP_AUTHORIZATION_FAILED: 'QUEUE_FORBIDDEN',
  CLUSTER_AUTHORIZATION_FAILED: 'QUEUE_FORBIDDEN',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'QUEUE_FORBIDDEN',
};

const UNSTABLE = 88;

/** The error of an answer's code. @param code not 0 */
export function protocolError(code: number): KafkaError {
  const error = errors.createErrorFromCode(code);
  // Younger than what kafkajs knows.
  return code === UNSTABLE ? Object.assign(error, { type: 'UNSTABLE_OFFSET_COMMIT', message: 'Offsets of the group are part of a transaction that is not completed' }) : error;
}

/** What it was before it became an error of ours. */
function originOf(error: unknown): unknown {
  let origin = error;
  while (origin instanceof ForetickError && origin.name === 'ForetickError' && origin.cause !== undefined) origin = origin.cause;
  return origin;
}

export function typeOf(error: unknown): string | undefined {
  return (originOf(error) as KafkaError | undefined)?.type;
}

/** Whether the broker may not have seen, or may already have carried out, what was asked. */
export function isConnectionError(error: unknown): boolean {
  const origin = originOf(error);
  return origin instanceof Error && CONNECTION_ERRORS.has(origin.name);
}

/** Whether TLS could not be agreed on. */
function isUntrusted(error: unknown): boolean {
  const { code } = originOf(error) as { code?: unknown };
  return isConnectionError(error) && typeof code === 'string' && UNTRUSTED.test(code);
}

export function isPassing(error: unknown): boolean {
  if (error instanceof ForetickError) return error.retriable;
  if (isUntrusted(error)) return false;
  return isConnectionError(error) || PASSING.has(typeOf(error) ?? '');
}

export function asQueueError(error: unknown, what: string): ForetickError {
  if (error instanceof ForetickError) return error;
  const { name, message } = error as Error;
  const type = typeOf(error);
  // kafkajs reports a refused log-in by an error of its own, with the broker's words.
  const refused = name === 'KafkaJSSASLAuthenticationError' ? 'QUEUE_FORBIDDEN' : isUntrusted(error) ? 'QUEUE_UNTRUSTED' : undefined;
  const code = refused ?? CODES[type ?? ''] ?? 'QUEUE_UNAVAILABLE';
  return fail(code, `${what}: ${message}`, { cause: error, ...(type !== undefined && { details: { kafka: type } }) });
}
