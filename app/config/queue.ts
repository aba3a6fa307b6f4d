/** The queue's part of the configuration: the embedded one, or Kafka. Changing over is `driver` and the block `kafka`. */
import { z } from 'zod';

import { COMPRESSIONS, DELIVERIES, SASL_MECHANISMS } from '#queue/kafka';

import { duration, size } from './units.ts';

const tlsSchema = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Encrypted connections; certificates are checked against those of the system unless ca_file is given'),
    ca_file: z.string().min(1).optional().describe('Certificates of the brokers\' authority, PEM'),
    cert_file: z.string().min(1).optional().describe('Certificate of this client, PEM'),
    key_file: z.string().min(1).optional().describe('Its key, PEM'),
    server_name: z.string().min(1).optional().describe('Name the brokers\' certificates are for, when it is not their host'),
  })
  .prefault({});

const saslSchema = z
  .strictObject({
    mechanism: z.enum(['none', ...SASL_MECHANISMS]).default('none').describe('How this client logs in'),
    username: z.string().min(1).optional(),
    password_file: z.string().min(1).optional().describe('File that holds the password; a line break at its end is left out'),
    password: z.string().min(1).optional().describe('The password itself; better through FORETICK_QUEUE_KAFKA_SASL_PASSWORD or password_file'),
  })
  .prefault({});

const kafkaSchema = z
  .strictObject({
    brokers: z
      .union([z.array(z.string().min(1)), z.string()])
      .default([])
      .describe('host:port of some brokers, a list or a text with commas; the others are found through them'),
    client_id: z.string().min(1).default('foretick').describe('Name in the brokers\' logs and quotas'),
    tls: tlsSchema,
    sasl: saslSchema,
    compression: z.enum(COMPRESSIONS).default('lz4').describe('Of what is written; readers understand all'),
    delivery: z.enum(DELIVERIES).default('transactional').describe('transactional: outputs and positions are one; idempotent: lower latency, foreign readers may see repeats'),
    replication_factor: z.int().min(-1).max(32_767).default(-1).describe('Of topics that are created; -1: the brokers\' default'),
    max_record_bytes: size().default(16 * 1024 * 1024).describe('Largest record accepted, and of topics that are created'),
    buffer_bytes: size().default(4 * 1024 * 1024).describe('Bytes read ahead of each partition'),
    send_buffer_bytes: size().default(32 * 1024 * 1024).describe('Bytes that may wait to be sent'),
    session_timeout: duration().default(10e6).describe('A worker that is silent for this long loses its tasks'),
    heartbeat_interval: duration().default(1e6).describe('How often a worker says that it lives'),
    takeover_wait: duration().default(10e6).describe('How long a task that moves may take to finish'),
    transaction_timeout: duration().default(10e6).describe('Brokers abort a transaction that is open for longer'),
    fetch_wait: duration().default(250e3).describe('How long brokers may wait for records to answer with'),
    request_timeout: duration().default(30e6).describe('How long one request may take'),
    connect_timeout: duration().default(5e6).describe('How long a connection may take to be made'),
    delivery_timeout: duration().default(60e6).describe('How long brokers may be away before a call fails'),
  })
  .prefault({});

export const queueSchema = z
  .strictObject({
    driver: z.enum(['embedded', 'kafka']).default('embedded').describe('embedded keeps all topics in one directory of this machine; kafka is for several processes and machines'),
    directory: z.string().min(1).default('./.foretick').describe('Where the embedded queue keeps its data'),
    max_record_bytes: size().default(16 * 1024 * 1024).describe('Largest record the embedded queue accepts'),
    kafka: kafkaSchema,
  })
  .prefault({})
  .superRefine(({ driver, kafka }, context) => {
    const issue = (path: string[], message: string): void => {
      context.addIssue({ code: 'custom', path: ['kafka', ...path], message });
    };
    if (driver === 'kafka' && brokersOf(kafka.brokers).length === 0) issue(['brokers'], 'the driver kafka needs at least one broker');
    const { mechanism, username, password, password_file: passwordFile } = kafka.sasl;
    if (mechanism !== 'none') {
      if (username === undefined) issue(['sasl', 'username'], `${mechanism} needs a username`);
      if ((password === undefined) === (passwordFile === undefined)) issue(['sasl', 'password_file'], `${mechanism} needs a password_file or a password, one of the two`);
    }
    if (kafka.heartbeat_interval * 3 > kafka.session_timeout) issue(['heartbeat_interval'], 'at most a third of session_timeout');
    if ((kafka.tls.cert_file === undefined) !== (kafka.tls.key_file === undefined)) issue(['tls', 'key_file'], 'cert_file and key_file go together');
  });

export type QueueConfig = z.output<typeof queueSchema>;

export function brokersOf(brokers: string | readonly string[]): string[] {
  return (typeof brokers === 'string' ? brokers.split(',') : brokers).map((broker) => broker.trim()).filter((broker) => broker !== '');
}
