/** Encryption and log-ins: the settings of a configuration file against a broker that asks for them. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { openKafkaQueue, type KafkaQueueOptions } from '#queue/kafka';

import { endAll, foretick } from '../support/program.ts';
import { scratchDirectory } from '../support/recording.ts';
import { describeCluster } from './runner/describe.ts';
import type { SecureListener } from './runner/properties.ts';

const ADA = { username: 'ada', password: 'ada-secret' } as const;
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
const root = scratchDirectory();
afterAll(() => {
  endAll();
  root.remove();
});

describeCluster(
  'TLS and SASL',
  (cluster) => {
    const secure = (): NonNullable<ReturnType<typeof cluster>['secure']> => cluster().secure!;
    let runs = 0;
    /** What `foretick topics apply --yes` ends with, over this listener. */
    const apply = async (listener: SecureListener, kafka: (files: { broker: string; client: string; clientKey: string }) => object): Promise<{ code: number | null; error: string; message: string }> => {
      const path = join(root.path, `${runs}.yaml`);
      const password = join(root.path, 'password');
      writeFileSync(password, `${ADA.password}\n`);
      const settings = { brokers: [secure().address(listener)], delivery_timeout: '20s', ...kafka(secure().certificates) };
      writeFileSync(path, stringify({ queue: { driver: 'kafka', kafka: settings }, topics: { prefix: `secure-${runs++}`, partitions: 1 }, logging: { level: 'silent' } }));
      const { code, stderr } = await foretick(['topics', 'apply', '--yes', '--json', '--config', path]);
      const { error } = (stderr === '' ? { error: { code: '', message: '' } } : JSON.parse(stderr)) as { error: { code: string; message: string } };
      return { code, error: error.code, message: error.message };
    };
    const passwordFile = join(root.path, 'password');
    const works = { code: 0, error: '', message: '' };

    test('encrypted, with the authority of a file', async () => {
      expect(await apply('tls', ({ broker }) => ({ tls: { enabled: true, ca_file: broker } }))).toEqual(works);
    });

    test('encrypted, with a certificate of the client', async () => {
      expect(await apply('mutual', ({ broker, client, clientKey }) => ({ tls: { enabled: true, ca_file: broker, cert_file: client, key_file: clientKey } }))).toEqual(works);
      // A log-in that TLS 1.3 refuses only after the handshake.
      expect(await apply('mutual', ({ broker }) => ({ tls: { enabled: true, ca_file: broker } }))).toMatchObject({ code: 1, error: 'QUEUE_UNTRUSTED' });
    });

    test.each(MECHANISMS)('log-in by %s: encrypted, and the password from a file', async (mechanism) => {
      expect(await apply('sasltls', ({ broker }) => ({ tls: { enabled: true, ca_file: broker }, sasl: { mechanism, username: ADA.username, password_file: passwordFile } }))).toEqual(works);
    });

    test.each(MECHANISMS)('log-in by %s with a wrong password: QUEUE_FORBIDDEN, at once, without the password', async (mechanism) => {
      const { code, error, message } = await apply('sasl', () => ({ sasl: { mechanism, username: ADA.username, password: 'wrong-one' } }));
      expect({ code, error }).toEqual({ code: 1, error: 'QUEUE_FORBIDDEN' });
      expect(message).not.toContain('wrong-one');
    });

    test('a certificate that nobody we trust has signed, or of another name: QUEUE_UNTRUSTED, at once; no TLS at all: QUEUE_UNAVAILABLE', async () => {
      expect(await apply('tls', () => ({ tls: { enabled: true } }))).toMatchObject({ code: 1, error: 'QUEUE_UNTRUSTED', message: expect.stringMatching(/self.signed certificate/) });
      expect(await apply('tls', ({ client }) => ({ tls: { enabled: true, ca_file: client } }))).toMatchObject({ code: 1, error: 'QUEUE_UNTRUSTED' });
      expect(await apply('tls', ({ broker }) => ({ tls: { enabled: true, ca_file: broker, server_name: 'kafka.example' } }))).toMatchObject({ code: 1, error: 'QUEUE_UNTRUSTED', message: expect.stringContaining('kafka.example') });
      expect(await apply('sasl', ({ broker }) => ({ delivery_timeout: '3s', tls: { enabled: true, ca_file: broker } }))).toMatchObject({ code: 1, error: 'QUEUE_UNAVAILABLE', message: expect.stringContaining('TLS') });
    });

    describe('records', () => {
      test.each(MECHANISMS)('are written, committed and read over %s', async (mechanism) => {
        const options: KafkaQueueOptions = { brokers: [secure().address('sasl')], sasl: { mechanism, ...ADA }, fetchWaitMs: 50 };
        const queue = await openKafkaQueue(options);
        try {
          const topic = `over-${mechanism}`;
          await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
          const producer = await queue.producer();
          await producer.send([{ topic, value: 'kept' }]);
          await producer.close();
          const values: string[] = [];
          for await (const { records } of queue.read({ topic, from: 'earliest', toEnd: true })) values.push(...records.map(({ value }) => Buffer.from(value!).toString()));
          expect(values).toEqual(['kept']);
        } finally {
          await queue.close();
        }
      });

      test('nobody without a name gets in', async () => {
        const opened = openKafkaQueue({ brokers: [secure().address('sasl')], deliveryTimeoutMs: 2_000 });
        await expect(opened).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
      });
    });
  },
  { users: { [ADA.username]: ADA.password } },
);
