/**
 * The one table of error codes: what a caller matches on, and what each transport answers.
 *
 * `retriable`: the same call may succeed later, unchanged. gRPC statuses are the numbers of
 * google.rpc.Code. `docs/errors.md` documents every code; a test keeps the two in step.
 */

interface CodeEntry {
  readonly retriable: boolean;
  readonly grpc: number;
  readonly http: number;
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
}

const entry = (
  retriable: boolean,
  grpc: number,
  http: number,
  meaning: string,
  remedy: string,
): CodeEntry => ({ retriable, grpc, http, meaning, remedy });

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const ABORTED = 10;
const OUT_OF_RANGE = 11;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const DATA_LOSS = 15;

export const ERROR_CODES = {
  // Records that cannot be handled: to `dead-letters`.
  MALFORMED_RECORD: entry(false, INVALID_ARGUMENT, 400, 'The bytes of a record or of a row are not of the declared format.', 'Read the dead letter, mend its producer or column mapping.'),
  UNSUPPORTED_SCHEMA: entry(false, INVALID_ARGUMENT, 400, 'A record declares a content type or schema version that this reader does not know.', 'Upgrade the reader, or mend the producer.'),
  VALUE_OUT_OF_RANGE: entry(false, INVALID_ARGUMENT, 400, 'A price, size or time is not finite, negative or beyond its range.', 'Mend the producer; the record stays in dead-letters.'),
  LATE_EVENT: entry(false, OUT_OF_RANGE, 400, 'An event was received longer after it happened than is allowed.', 'Raise features.max_lateness, or find out why the source is late.'),
  FUTURE_EVENT: entry(false, OUT_OF_RANGE, 400, 'An event happened, by its own clock, after it was received.', 'Check the clocks of venue and collector; see features.max_future.'),

  // Abstentions: a prediction is withheld, and says why.
  NOT_WARM: entry(true, FAILED_PRECONDITION, 409, 'The instrument has not been seen long enough, or has no price yet.', 'Wait for more ticks.'),
  STALE_FEATURES: entry(true, FAILED_PRECONDITION, 409, 'The newest row of the instrument is older than allowed.', 'Check its source; see serving.max_staleness.'),
  OUT_OF_DISTRIBUTION: entry(false, FAILED_PRECONDITION, 409, 'The row lies far from everything the model has learned from.', 'Look at the row; retrain if the market has changed.'),
  EXPIRED: entry(false, FAILED_PRECONDITION, 409, 'No price came within tolerance of the time at which the label fell due.', 'Nothing: the prediction is not scored. See training.label_tolerance.'),

  // Requests.
  INVALID_REQUEST: entry(false, INVALID_ARGUMENT, 400, 'The request is malformed: a field is missing, unknown or of the wrong type.', 'Mend the request; the message names the field.'),
  UNKNOWN_INSTRUMENT: entry(false, NOT_FOUND, 404, 'No feature row of this instrument is known to the server.', 'Check its id (venue:SYMBOL) and that it is being collected.'),
  UNKNOWN_MODEL: entry(false, NOT_FOUND, 404, 'Neither a model nor an alias has this name.', 'List the models: GET /v1/models.'),
  UNKNOWN_TOPIC: entry(false, NOT_FOUND, 404, 'No topic has this name.', 'Use one of the names the message lists.'),
  UNKNOWN_ROUTE: entry(false, NOT_FOUND, 404, 'No such path or method.', 'See docs/how-to/service.md for the paths.'),
  MODEL_NOT_READY: entry(true, UNAVAILABLE, 503, 'The model is configured but has no published weights yet.', 'Retry after its first checkpoint.'),
  SHAPE_MISMATCH: entry(false, INVALID_ARGUMENT, 400, 'The number of values is not rows times features.', 'Send as many values a row as the model has features.'),
  FEATURE_SET_MISMATCH: entry(false, FAILED_PRECONDITION, 409, 'The rows, the snapshot or the state are of another feature set than the one in use.', 'Use the set the message names, or start with a fresh data directory.'),
  NOT_FINITE: entry(false, INVALID_ARGUMENT, 400, 'A feature value is NaN or infinite.', 'Send finite values only.'),
  PAYLOAD_TOO_LARGE: entry(false, RESOURCE_EXHAUSTED, 413, 'The body or message is larger than the server accepts.', 'Send fewer rows a call; see serving.max_body_bytes.'),
  UNSUPPORTED_MEDIA_TYPE: entry(false, INVALID_ARGUMENT, 415, 'The body is of a content type this path does not take.', 'Send application/json.'),
  INVALID_RESUME_TOKEN: entry(false, INVALID_ARGUMENT, 400, 'The resume token or Last-Event-ID is not one this server gave.', 'Leave it out to start from now.'),
  OUTSIDE_RETENTION: entry(false, OUT_OF_RANGE, 410, 'What was asked for is older than what is kept.', 'Ask for a later time, or read the topic from its beginning.'),
  TOO_MANY_STREAMS: entry(true, RESOURCE_EXHAUSTED, 503, 'The server already has as many open streams as it allows.', 'Retry at another server; see serving.max_streams.'),

  // The queue.
  FENCED: entry(false, ABORTED, 409, 'Another process has taken over this task.', 'Nothing: the task goes on there.'),
  TOPIC_MISMATCH: entry(false, FAILED_PRECONDITION, 409, 'A topic exists with other partitions or another clean-up policy than configured.', 'Migrate to new topics (foretick migrate), or configure what exists.'),
  NOT_DRAINED: entry(true, FAILED_PRECONDITION, 409, 'Workers have not read all records yet, or producers still write.', 'Stop the producers, wait until foretick lag shows 0, and try again.'),
  RECORD_TOO_LARGE: entry(false, RESOURCE_EXHAUSTED, 413, 'A record is larger than the queue accepts.', 'Send smaller batches; see queue.max_record_bytes.'),
  POSITION_EXPIRED: entry(false, OUT_OF_RANGE, 410, 'The log no longer reaches back to the position asked for.', 'Raise retention; a worker must be rebuilt from a newer checkpoint.'),
  QUEUE_CLOSED: entry(false, UNAVAILABLE, 503, 'The queue was closed while it was in use.', 'Nothing at shutdown; otherwise see the log.'),
  QUEUE_UNAVAILABLE: entry(true, UNAVAILABLE, 503, 'The queue does not answer.', 'Check brokers or disk; the call is retried.'),
  QUEUE_FORBIDDEN: entry(false, PERMISSION_DENIED, 403, 'The brokers refuse the log-in, or what was asked is not allowed to it.', 'Check queue.kafka.sasl and the access rules of topics, groups and transactional ids.'),
  QUEUE_UNTRUSTED: entry(false, FAILED_PRECONDITION, 409, 'A certificate is not trusted, by us or by the brokers.', 'Check queue.kafka.tls (ca_file, server_name, cert_file); renew what has expired.'),
  DATA_DIR_LOCKED: entry(true, FAILED_PRECONDITION, 409, 'Another Foretick process uses this data directory.', 'Stop it, or choose another directory with --data.'),
  DATA_CORRUPT: entry(false, DATA_LOSS, 500, 'Stored bytes do not match their checksum or format.', 'Run foretick doctor to see what is damaged; restore a copy, or mend what can be with --repair.'),
  DISK_FULL: entry(true, RESOURCE_EXHAUSTED, 507, 'The disk that holds the data directory is full.', 'Free space; nothing acknowledged is lost.'),

  // Starting and running.
  CONFIG_INVALID: entry(false, INVALID_ARGUMENT, 400, 'The configuration has an unknown key or a wrong value.', 'Mend the line the message names; foretick config check shows all of them.'),
  FILE_UNREADABLE: entry(false, NOT_FOUND, 404, 'A file given by name does not exist or cannot be read.', 'Check the path and its permissions.'),
  FILE_UNWRITABLE: entry(false, FAILED_PRECONDITION, 409, 'A file cannot be written.', 'Check the path, the permissions and the space left.'),
  MODEL_BACKEND_UNAVAILABLE: entry(false, FAILED_PRECONDITION, 409, 'A backend that a model is to learn on cannot be loaded.', 'Install the package the message names, or give the model another backend: own, wasm and js need none.'),
  UNKNOWN_FORMAT: entry(false, INVALID_ARGUMENT, 400, 'No column mapping fits the columns of the recording.', 'Describe its columns under mappings in the configuration.'),
  RUN_MISMATCH: entry(false, FAILED_PRECONDITION, 409, 'The data directory holds a run of another recording or configuration.', 'Use another --data directory, or the command that began this run.'),
  PORT_TAKEN: entry(false, FAILED_PRECONDITION, 409, 'Another process listens on this port.', 'Choose another with --http-port or --grpc-port.'),
  NOT_RUNNING: entry(true, UNAVAILABLE, 503, 'No running Foretick answers at this address.', 'Start one with foretick up, or give --url.'),
  SOURCE_UNAVAILABLE: entry(true, UNAVAILABLE, 503, 'A vendor cannot be reached, or broke off.', 'Nothing: it is tried again by the back-off of that vendor; see docs/sources.md.'),
  SOURCE_REFUSED: entry(false, FAILED_PRECONDITION, 409, 'A vendor refuses what is asked of it: the key, the subscription or the address.', 'Mend the key or the configuration that the message names.'),
  SECRET_UNREADABLE: entry(false, FAILED_PRECONDITION, 409, 'A key or token given by file or environment variable is not there.', 'Set the variable or the file that the message names.'),
  SNAPSHOT_CORRUPT: entry(false, DATA_LOSS, 500, 'A model snapshot is incomplete or does not match its digest.', 'The previous one is used; see the log for which producer wrote it.'),
  SHUTTING_DOWN: entry(true, UNAVAILABLE, 503, 'The process is draining and takes no new work.', 'Retry at another server.'),
  INTERNAL: entry(false, INTERNAL, 500, 'Something failed that should not have.', 'See the log; report it with the message.'),
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error callers can match on. Match `code`, never `message`. */
export class ForetickError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>>, cause: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ForetickError';
    this.code = code;
    this.details = details;
  }

  get retriable(): boolean {
    return ERROR_CODES[this.code].retriable;
  }
}

/** The factory for every coded error. */
export function fail(
  code: ErrorCode,
  message: string,
  options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
): ForetickError {
  return new ForetickError(code, message, options.details ?? {}, options.cause);
}

/** The error itself when it is coded, else an INTERNAL one that carries it as its cause. */
export function asForetickError(error: unknown): ForetickError {
  if (error instanceof ForetickError) return error;
  return fail('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}

export function hasCode(error: unknown, code: ErrorCode): error is ForetickError {
  return error instanceof ForetickError && error.code === code;
}
