/** Opens the queue that is configured. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';

import { asForetickError, fail } from '#proto';
import type { Queue } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';
import { openKafkaQueue, type KafkaEvents, type KafkaQueueOptions, type SaslOptions } from '#queue/kafka';
import type { Logger } from 'pino';

import { brokersOf, type QueueConfig } from '../config/queue.ts';

export interface OpenQueueOptions {
  readonly queue: QueueConfig;
  readonly logger: Logger;
  /** What the Kafka driver tells of itself, beside the log. */
  readonly events?: KafkaEvents;
}

/** FILE_UNREADABLE for certificates and passwords, and what the drivers reject with. */
export async function openQueue({ queue, logger, events = {} }: OpenQueueOptions): Promise<Queue> {
  if (queue.driver === 'kafka') return openKafkaQueue({ ...kafkaOptions(queue.kafka), events: loggedEvents(logger, events) });
  return openEmbeddedQueue({
    directory: queue.directory,
    maxRecordBytes: queue.max_record_bytes,
    onCleanUpError: (error) => {
      const { code, message } = asForetickError(error);
      logger.error({ code }, `clean-up: ${message}`);
    },
  });
}

/** Durations in the configuration are microseconds. */
export function kafkaOptions(kafka: QueueConfig['kafka']): KafkaQueueOptions {
  const tls = tlsOptions(kafka.tls);
  const sasl = saslOptions(kafka.sasl);
  return {
    brokers: brokersOf(kafka.brokers),
    clientId: kafka.client_id,
    ...(tls !== undefined && { tls }),
    ...(sasl && { sasl }),
    compression: kafka.compression,
    delivery: kafka.delivery,
    replicationFactor: kafka.replication_factor,
    maxRecordBytes: kafka.max_record_bytes,
    bufferBytes: kafka.buffer_bytes,
    sendBufferBytes: kafka.send_buffer_bytes,
    sessionTimeoutMs: kafka.session_timeout / 1000,
    heartbeatIntervalMs: kafka.heartbeat_interval / 1000,
    takeoverWaitMs: kafka.takeover_wait / 1000,
    transactionTimeoutMs: kafka.transaction_timeout / 1000,
    fetchWaitMs: kafka.fetch_wait / 1000,
    requestTimeoutMs: kafka.request_timeout / 1000,
    connectTimeoutMs: kafka.connect_timeout / 1000,
    deliveryTimeoutMs: kafka.delivery_timeout / 1000,
  };
}

function tlsOptions({ enabled, ca_file: ca, cert_file: cert, key_file: key, server_name: servername }: QueueConfig['kafka']['tls']): boolean | ConnectionOptions | undefined {
  if (!enabled) return undefined;
  const given: ConnectionOptions = {
    ...(ca !== undefined && { ca: read(ca) }),
    ...(cert !== undefined && { cert: read(cert) }),
    ...(key !== undefined && { key: read(key) }),
    ...(servername !== undefined && { servername }),
  };
  return Object.keys(given).length === 0 ? true : given;
}

function saslOptions({ mechanism, username, password, password_file: file }: QueueConfig['kafka']['sasl']): SaslOptions | undefined {
  if (mechanism === 'none' || username === undefined) return undefined;
  return { mechanism, username, password: password ?? read(file!).toString('utf8').replace(/\r?\n$/, '') };
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw fail('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
}

function loggedEvents(logger: Logger, events: KafkaEvents): KafkaEvents {
  return {
    ...events,
    onRetry: (what, error, delayMs) => {
      logger.debug({ code: asForetickError(error).code, delayMs: Math.round(delayMs) }, `${what}: ${error.message}`);
      events.onRetry?.(what, error, delayMs);
    },
    onConnectionError: (address, error) => {
      logger.warn({ broker: address }, error.message);
      events.onConnectionError?.(address, error);
    },
    onRebalance: (group, rebalance) => {
      logger.info({ group, ...rebalance, ms: Math.round(rebalance.ms) }, 'rebalanced');
      events.onRebalance?.(group, rebalance);
    },
  };
}
