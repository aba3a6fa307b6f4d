/** Records of ours are read by others, and theirs by us: kafkajs, and the console tools that come with Kafka, with every codec. */
import { beforeAll, expect, test } from '@jest/globals';
import { lz4Codec, snappyCodec, zstdCodec } from './runner/kafkajs-codecs.ts';
import kafkajs from 'kafkajs';

import { COMPRESSIONS, openKafkaQueue, type Compression } from '#queue/kafka';

import { readAll, send, text, within } from '../../queue/testing/harness.ts';
import { describeKafka } from './runner/describe.ts';
import { runJava } from './runner/java.ts';
import { librariesOf } from './runner/libraries.ts';

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = kafkajs;
const THEIRS: Readonly<Record<Compression, kafkajs.CompressionTypes>> = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD };

/** Enough that packing pays, with what console tools can carry: lines without tabs. */
const VALUES = Array.from({ length: 300 }, (_, i) => `value ${i} ${'äöü and so on '.repeat(i % 7)}`.trim());
const KEYS = VALUES.map((_, i) => `k${i % 10}`);

describeKafka('clients of others', ({ brokers, fresh }) => {
  beforeAll(() => {
    librariesOf('tools');
    CompressionCodecs[CompressionTypes.Snappy] = snappyCodec;
    CompressionCodecs[CompressionTypes.LZ4] = lz4Codec;
    CompressionCodecs[CompressionTypes.ZSTD] = zstdCodec;
  }, 300_000);

  test.each(COMPRESSIONS)('%s: kafkajs reads ours, and we read those of kafkajs', async (compression) => {
    const queue = await openKafkaQueue({ brokers: brokers(), compression, fetchWaitMs: 100 });
    const kafka = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING });
    const topic = `${fresh()}kafkajs`;
    await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
    const ours = VALUES.map((value, i) => ({ topic, key: KEYS[i]!, value, headers: { n: String(i) }, timestamp: 1_700_000_000_000 + i }));
    await send(queue, ours);
    const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    const read: object[] = [];
    await within(
      new Promise<void>((resolve) => {
        void consumer.run({
          eachMessage: ({ message: { key, value, headers, timestamp } }) => {
            read.push({ topic, key: text(key), value: text(value), headers: { n: String(headers?.['n']) }, timestamp: Number(timestamp) });
            if (read.length === ours.length) resolve();
            return Promise.resolve();
          },
        });
      }),
      'kafkajs has read all',
      60_000,
    );
    await consumer.disconnect();
    expect(read).toEqual(ours);

    const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic, compression: THEIRS[compression], messages: ours.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp: String(timestamp) })) });
    await producer.disconnect();
    const all = await readAll(queue, { topic });
    expect(all.slice(ours.length).map(({ key, value, headers, timestamp }) => ({ topic, key: text(key), value: text(value), headers, timestamp }))).toEqual(ours);
    await queue.close();
  }, 120_000);

  test.each(COMPRESSIONS)("%s: Kafka's console tools read ours, and we read theirs", async (compression) => {
    const queue = await openKafkaQueue({ brokers: brokers(), compression, fetchWaitMs: 100 });
    const topic = `${fresh()}console`;
    await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
    await send(queue, VALUES.map((value, i) => ({ topic, key: KEYS[i]!, value })));
    const server = ['--bootstrap-server', brokers().join(','), '--topic', topic];
    const read = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', [...server, '--from-beginning', '--max-messages', String(VALUES.length), '--timeout-ms', '60000', '--property', 'print.key=true', '--isolation-level', 'read_committed']);
    const lines = VALUES.map((value, i) => `${KEYS[i]!}\t${value}`);
    expect(read.trimEnd().split('\n')).toEqual(lines);

    await runJava('kafka.tools.ConsoleProducer', [...server, '--compression-codec', compression, '--property', 'parse.key=true'], { input: `${lines.join('\n')}\n` });
    const theirs = (await readAll(queue, { topic })).slice(VALUES.length);
    expect(theirs.map(({ key, value }) => `${text(key)!}\t${text(value)!}`)).toEqual(lines);
    await queue.close();
  }, 180_000);

  test('a key goes to the partition where kafkajs puts it, as Java does', async () => {
    const queue = await openKafkaQueue({ brokers: brokers(), fetchWaitMs: 100 });
    const topic = `${fresh()}partitions`;
    await queue.ensureTopics([{ name: topic, partitions: 7, cleanup: 'delete' }]);
    const producer = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const keys = Array.from({ length: 100 }, (_, i) => `binance:${i}-ÜSDT`);
    await producer.send({ topic, messages: keys.map((key) => ({ key, value: 'theirs' })) });
    await producer.disconnect();
    await send(queue, keys.map((key) => ({ topic, key, value: 'ours' })));
    const records = await readAll(queue, { topic });
    const placed = (whose: string): Map<string | null, number> => new Map(records.filter(({ value }) => text(value) === whose).map(({ key, partition }) => [text(key), partition]));
    expect(placed('ours').size).toBe(keys.length);
    expect(placed('ours')).toEqual(placed('theirs'));
    await queue.close();
  }, 60_000);

  test('a record whose time is none is refused alone', async () => {
    const queue = await openKafkaQueue({ brokers: brokers(), fetchWaitMs: 100 });
    const topic = `${fresh()}times`;
    await queue.ensureTopics([{ name: topic, partitions: 2, cleanup: 'delete' }]);
    const producer = await queue.producer();
    const calls = await Promise.allSettled([producer.send([{ topic, partition: 0, value: 'good' }]), producer.send([{ topic, partition: 1, value: 'bad', timestamp: 1.5 }]), producer.send([{ topic, partition: 1, value: 'good' }])]);
    expect(calls).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'INVALID_REQUEST' } }, { status: 'fulfilled' }]);
    await queue.close();
  }, 60_000);
});
