import type { ConnectionOptions } from 'node:tls';

/** How records travel: Kafka's codecs of a record batch. Readers understand all of them, whatever is set. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export interface SaslOptions {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

/**
 * `transactional`: outputs, dead letters and offsets of a commit are one Kafka transaction. `idempotent`: outputs first, then the
 * offsets; a crash between the two brings the same outputs again, which readers of ours drop by their ordinals.
 */
export const DELIVERIES = ['transactional', 'idempotent'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** What the driver tells of itself; for metrics and logs. Times in milliseconds. */
export interface KafkaEvents {
  /** An operation is tried again. */
  onRetry?(what: string, error: Error, delayMs: number): void;
  /** A connection was lost or could not be made. */
  onConnectionError?(address: string, error: Error): void;
  /** A member of a group has joined a generation; `ms` since the rebalance began. */
  onRebalance?(group: string, rebalance: { readonly generation: number; readonly assigned: number; readonly revoked: number; readonly ms: number }): void;
  /** A commit of a task succeeded. */
  onCommit?(group: string, commit: { readonly partition: number; readonly outputs: number; readonly ms: number }): void;
}

export interface KafkaQueueOptions {
  /** `host:port` of some brokers; the others are found through them. */
  readonly brokers: readonly string[];
  /** @default 'foretick' */
  readonly clientId?: string;
  /** TLS, with Node's options; `true`: with the system's certificates. @default plain text */
  readonly tls?: boolean | ConnectionOptions;
  /** @default none */
  readonly sasl?: SaslOptions;
  /** @default 'none' */
  readonly compression?: Compression;
  /** @default 'transactional' */
  readonly delivery?: Delivery;
  /** Replicas of topics that are created; -1: the brokers' default. @default -1 */
  readonly replicationFactor?: number;
  /** Largest key, value and headers of one record together, and `max.message.bytes` of topics that are created. @default 16 MiB */
  readonly maxRecordBytes?: number;
  /** Bytes buffered of one partition that is read, at most but for one record batch more. @default 4 MiB */
  readonly bufferBytes?: number;
  /** Bytes that wait to be sent by one producer; further calls of `send` wait. @default 32 MiB */
  readonly sendBufferBytes?: number;
  /** How long a member may be silent before its tasks are given to others. Brokers allow 6 s to 30 min unless told otherwise. @default 10 s */
  readonly sessionTimeoutMs?: number;
  /** @default a tenth of the session timeout */
  readonly heartbeatIntervalMs?: number;
  /** How long a task that is to move may take to return; then it is frozen, and is taken from its owner. @default 10 s */
  readonly takeoverWaitMs?: number;
  /** Brokers abort a transaction that is open for longer. @default 10 s */
  readonly transactionTimeoutMs?: number;
  /** How long a broker may keep a read waiting for records. @default 250 */
  readonly fetchWaitMs?: number;
  /** How long one request may take before its connection is given up. @default 30 s, and never longer than `deliveryTimeoutMs` */
  readonly requestTimeoutMs?: number;
  /** How long a connection may take to be made. @default 5 s */
  readonly connectTimeoutMs?: number;
  /** How long an operation is tried again before it is QUEUE_UNAVAILABLE; records that `send` has taken are given up after this long. @default 60 s */
  readonly deliveryTimeoutMs?: number;
  /** First and longest pause between two tries, of which a random part is taken off. @default 50 ms, 2 s */
  readonly backoff?: { readonly initialMs: number; readonly maxMs: number };
  /** First and longest pause before a task that failed with a retriable error is run again. @default 100 ms, 5 s */
  readonly taskBackoff?: { readonly initialMs: number; readonly maxMs: number };
  readonly events?: KafkaEvents;
}

export type KafkaSettings = Required<Omit<KafkaQueueOptions, 'sasl' | 'tls'>> & Pick<KafkaQueueOptions, 'sasl' | 'tls'>;

const MIB = 1024 * 1024;

export function withDefaults(options: KafkaQueueOptions): KafkaSettings {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 10_000;
  const deliveryTimeoutMs = options.deliveryTimeoutMs ?? 60_000;
  return {
    clientId: 'foretick',
    compression: 'none',
    delivery: 'transactional',
    replicationFactor: -1,
    maxRecordBytes: 16 * MIB,
    bufferBytes: 4 * MIB,
    sendBufferBytes: 32 * MIB,
    sessionTimeoutMs,
    heartbeatIntervalMs: Math.max(50, Math.floor(sessionTimeoutMs / 10)),
    takeoverWaitMs: 10_000,
    transactionTimeoutMs: 10_000,
    fetchWaitMs: 250,
    connectTimeoutMs: 5_000,
    backoff: { initialMs: 50, maxMs: 2_000 },
    taskBackoff: { initialMs: 100, maxMs: 5_000 },
    events: {},
    ...options,
    deliveryTimeoutMs,
    requestTimeoutMs: Math.min(options.requestTimeoutMs ?? 30_000, deliveryTimeoutMs),
  };
}
