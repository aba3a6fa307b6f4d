/** Requests of ours and how their answers are read, beside those of kafkajs for the same versions of the protocol. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import protocol from 'kafkajs/src/protocol/requests/index.js';

import { fetchRequest } from './fetch.ts';
import { isPassing } from '../cluster/errors.ts';
import { logDirsRequest } from './log-dirs.ts';
import { metadataRequest } from './metadata.ts';
import { offsetFetchRequest } from './offset-fetch.ts';
import { produceRequest } from './produce.ts';

interface Wire {
  readonly apiKey: number;
  readonly apiVersion: number;
  encode(): Promise<Encoder>;
}

const known = protocol.requests as Readonly<Record<string, { protocol(options: { version: number }): (options: object) => { request: object; response: { decode(data: Buffer): Promise<unknown> } } }>>;
const theirs = (name: string, version: number, options: object): { request: object; response: { decode(data: Buffer): Promise<unknown> } } => known[name]!.protocol({ version })(options);
const payloadOf = async (request: object): Promise<string> => (await (request as Wire).encode()).buffer.toString('hex');
const numbers = (list: readonly number[]): Encoder => new Encoder().writeArray(list);
const list = (encoders: readonly Encoder[]): Encoder => new Encoder().writeArray(encoders);
const topic = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 12 });
const int32 = fc.nat({ max: 0x7fff_ffff });
const offset = fc.nat({ max: Number.MAX_SAFE_INTEGER });

test('a request for metadata is, byte for byte, the one of kafkajs, and names no topic to create', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(topic, { minLength: 1, maxLength: 5 }), async (topics) => {
      const { request } = metadataRequest(topics);
      const other = theirs('Metadata', 5, { topics, allowAutoTopicCreation: false });
      expect(request).toMatchObject({ apiKey: 3, apiVersion: 5 });
      expect(await payloadOf(request)).toBe(await payloadOf(other.request));
    }),
  );
});

test('metadata is read with the topics that have errors, and with what has no leader', () => {
  const node = new Encoder().writeInt32(4).writeString('::1').writeInt32(9092).writeString(null);
  const partition = (id: number, leader: number): Encoder =>
    new Encoder().writeInt16(leader < 0 ? 5 : 0).writeInt32(id).writeInt32(leader).writeEncoder(numbers([4, 5])).writeEncoder(numbers([4])).writeEncoder(numbers([5]));
  const topicOf = (error: number, name: string, internal: number, partitions: Encoder[]): Encoder =>
    new Encoder().writeInt16(error).writeString(name).writeInt8(internal).writeEncoder(list(partitions));
  const answer = new Encoder()
    .writeInt32(0).writeEncoder(list([node])).writeString('cluster').writeInt32(4)
    // In no order, as brokers give them.
    .writeEncoder(list([topicOf(0, 'a', 0, [partition(1, -1), partition(0, 4)]), topicOf(3, 'gone', 0, []), topicOf(0, '__offsets', 1, [partition(0, 4)])]));
  expect(metadataRequest(null).decode(answer.buffer)).toEqual({
    nodes: [{ id: 4, host: '::1', port: 9092 }],
    controller: 4,
    topics: [
      { topic: 'a', errorCode: 0, internal: false, leaders: [4, -1], replicas: [2, 2] },
      { topic: 'gone', errorCode: 3, internal: false, leaders: [], replicas: [] },
      { topic: '__offsets', errorCode: 0, internal: true, leaders: [4], replicas: [2] },
    ],
  });
});

test('answers to produced batches are read as kafkajs reads them', async () => {
  const answer = fc.record({ topic, partition: int32, errorCode: fc.integer({ min: -1, max: 100 }), baseOffset: fc.oneof(offset, fc.constant(-1)) });
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 6 }), async (answers) => {
      const encoded = answers.map(({ topic: name, partition, errorCode, baseOffset }) =>
        new Encoder().writeString(name).writeEncoder(list([new Encoder().writeInt32(partition).writeInt16(errorCode).writeInt64(baseOffset).writeInt64(-1).writeInt64(3)])),
      );
      const { buffer } = list(encoded).writeInt32(0);
      expect(produceRequest(null, [], 1_000).decode(buffer)).toEqual(answers);
      const other = (await theirs('Produce', 7, { acks: -1, timeout: 1, topicData: [] }).response.decode(buffer)) as { topics: { topicName: string; partitions: { partition: number; errorCode: number; baseOffset: string }[] }[] };
      expect(other.topics.flatMap(({ topicName, partitions }) => partitions.map(({ partition, errorCode, baseOffset }) => ({ topic: topicName, partition, errorCode, baseOffset: Number(baseOffset) })))).toEqual(answers);
    }),
  );
});

test('batches of one topic travel under its name, in a request that asks all replicas', async () => {
  const batch = (name: string, partition: number, bytes: string): { topic: string; partition: number; bytes: Buffer } => ({ topic: name, partition, bytes: Buffer.from(bytes) });
  const { request } = produceRequest('tx', [batch('a', 0, 'x'), batch('b', 7, 'yy'), batch('a', 1, 'zzz')], 9_000);
  const part = (partition: number, bytes: string): Encoder => new Encoder().writeInt32(partition).writeBytes(Buffer.from(bytes));
  const expected = new Encoder().writeString('tx').writeInt16(-1).writeInt32(9_000).writeEncoder(
    list([new Encoder().writeString('a').writeEncoder(list([part(0, 'x'), part(1, 'zzz')])), new Encoder().writeString('b').writeEncoder(list([part(7, 'yy')]))]),
  );
  expect(request).toMatchObject({ apiKey: 0, apiVersion: 7 });
  expect(await payloadOf(request)).toBe(expected.buffer.toString('hex'));
});

test('what is fetched is read with its place, its aborted transactions in order, and its bytes as they are', () => {
  const aborted = fc.array(fc.record({ producerId: fc.bigInt({ min: 0n, max: 2n ** 62n }), firstOffset: offset }), { maxLength: 4 });
  const part = fc.record({ topic, partition: int32, errorCode: fc.integer({ min: 0, max: 90 }), stable: offset, start: offset, aborted, set: fc.uint8Array({ maxLength: 60 }) });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), fc.integer({ min: 0, max: 90 }), (parts, errorCode) => {
      const encoded = parts.map(({ topic: name, ...each }) => {
        const transactions = each.aborted.map(({ producerId, firstOffset }) => new Encoder().writeInt64(producerId.toString()).writeInt64(firstOffset));
        const body = new Encoder().writeInt32(each.partition).writeInt16(each.errorCode).writeInt64(each.stable).writeInt64(each.stable).writeInt64(each.start);
        body.writeEncoder(transactions.length === 0 ? new Encoder().writeInt32(-1) : list(transactions)).writeInt32(-1).writeBytes(Buffer.from(each.set));
        return new Encoder().writeString(name).writeEncoder(list([body]));
      });
      const { buffer } = new Encoder().writeInt32(0).writeInt16(errorCode).writeInt32(0).writeEncoder(list(encoded));
      const answer = fetchRequest([], { maxWaitMs: 1, maxBytes: 1 }).decode(buffer);
      expect(answer.errorCode).toBe(errorCode);
      expect(answer.partitions.map(({ set, ...rest }) => ({ ...rest, set: set.toString('hex') }))).toEqual(
        parts.map(({ topic: name, partition, errorCode: code, stable, start, aborted: transactions, set }) => ({
          topic: name, partition, errorCode: code, lastStableOffset: stable, logStartOffset: start,
          aborted: transactions.toSorted((a, b) => a.firstOffset - b.firstOffset), set: Buffer.from(set).toString('hex'),
        })),
      );
    }),
  );
});

test('only what is committed is asked for, of each partition from its own place', async () => {
  const targets = [{ topic: 'a', partition: 0, offset: 5, maxBytes: 10 }, { topic: 'b', partition: 1, offset: 2 ** 40, maxBytes: 20 }, { topic: 'a', partition: 2, offset: 0, maxBytes: 30 }];
  const part = (partition: number, at: number, bytes: number): Encoder => new Encoder().writeInt32(partition).writeInt32(-1).writeInt64(at).writeInt64(-1).writeInt32(bytes);
  const expected = new Encoder()
    .writeInt32(-1).writeInt32(250).writeInt32(1).writeInt32(99).writeInt8(1).writeInt32(0).writeInt32(-1)
    .writeEncoder(list([new Encoder().writeString('a').writeEncoder(list([part(0, 5, 10), part(2, 0, 30)])), new Encoder().writeString('b').writeEncoder(list([part(1, 2 ** 40, 20)]))]))
    .writeInt32(0).writeString('');
  expect(await payloadOf(fetchRequest(targets, { maxWaitMs: 250, maxBytes: 99 }).request)).toBe(expected.buffer.toString('hex'));
});

test('sizes of logs are added up over directories by whoever asks: each is named with its partition', () => {
  const size = (partition: number, bytes: number): Encoder => new Encoder().writeInt32(partition).writeInt64(bytes).writeInt64(0).writeInt8(0);
  const directory = (path: string, sizes: Encoder[]): Encoder => new Encoder().writeInt16(0).writeString(path).writeEncoder(list([new Encoder().writeString('t').writeEncoder(list(sizes))]));
  const { buffer } = new Encoder().writeInt32(0).writeEncoder(list([directory('/1', [size(0, 2 ** 40)]), directory('/2', [size(1, 7)])]));
  expect(logDirsRequest('t', [0, 1]).decode(buffer)).toEqual([{ topic: 't', partition: 0, bytes: 2 ** 40 }, { topic: 't', partition: 1, bytes: 7 }]);
});

test('a request for committed offsets is the one of version 7, and its answer is read beside unknown tags', () => {
  // Of the fields in their order: tags of the header, group, topics (name, partitions, tags), whether stable, tags.
  const made = offsetFetchRequest('g', [{ topic: 'in', partitions: [0, 300] }], true);
  const { request } = made;
  const decode = (buffer: Buffer): unknown => made.decode(buffer);
  expect(request).toMatchObject({ apiKey: 9, apiVersion: 7 });
  return payloadOf(request).then((payload) => {
    expect(payload).toBe(['00', '0267', '02', '03696e', '03', '00000000', '0000012c', '00', '01', '00'].join(''));
    const part = (partition: string, offset: string, metadata: string, error: string, tags = '00'): string => partition + offset + 'ffffffff' + metadata + error + tags;
    const answer = (errors: { readonly partition?: string; readonly group?: string } = {}): Buffer =>
      Buffer.from(
        ['00', '00000000', '02', '03696e', '03', part('00000000', '0000000000000007', '036869', '0000', '01' + '05' + '02' + 'beef'), part('0000012c', 'ffffffffffffffff', '00', errors.partition ?? '0000'), '00', errors.group ?? '0000', '00'].join(''),
        'hex',
      );
    expect(decode(answer())).toEqual([
      { topic: 'in', partition: 0, offset: 7, metadata: 'hi' },
      { topic: 'in', partition: 300, offset: -1, metadata: null },
    ]);
    const thrown = (buffer: Buffer): unknown => {
      try {
        return decode(buffer);
      } catch (error) {
        return error;
      }
    };
    expect(isPassing(thrown(answer({ partition: '0058' })))).toBe(true);
    expect(thrown(answer({ partition: '0058' }))).toMatchObject({ type: 'UNSTABLE_OFFSET_COMMIT' });
    expect(thrown(answer({ group: '000f' }))).toMatchObject({ type: 'GROUP_COORDINATOR_NOT_AVAILABLE' });
  });
});
