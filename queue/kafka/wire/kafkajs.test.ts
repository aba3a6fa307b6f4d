/** Our reader and writer of batches and requests beside those of kafkajs, which others wrote. */
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeBatch from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import encodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import batches from 'kafkajs/src/protocol/recordBatch/v0/index.js';

import { hex, plainRecord, plainRecords, toWire, type PlainRecord } from '../testing/arbitraries.ts';
import { prepareCodecs } from './compression.ts';
import { decodeRecordSet, encodeBatch } from './record-batch.ts';

beforeAll(prepareCodecs);

const { None, GZIP } = kafkajs.CompressionTypes;
const buffer = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
/** Those codecs that kafkajs brings itself. */
const codec = fc.constantFrom(None, GZIP);
const plain = ({ key, value, headers, timestamp }: PlainRecord, offset: number): object => ({ offset, key: hex(key), value: hex(value), headers: { ...headers }, timestamp });

/** Names that every object of JavaScript has are lost in kafkajs's headers. */
const forBoth = fc.array(plainRecord.filter(({ headers }) => !Object.keys(headers).some((name) => name in {})), { minLength: 1, maxLength: 30 });

test('kafkajs reads our batches', async () => {
  await fc.assert(
    fc.asyncProperty(forBoth, codec, fc.boolean(), async (given, compression, transactional) => {
      const ours = encodeBatch(given.map(toWire), { producerId: 2n ** 40n + 1n, producerEpoch: 5, sequence: 77, transactional }, compression);
      const read = await decodeBatch(new Decoder(ours));
      expect(read).toMatchObject({ producerId: String(2n ** 40n + 1n), producerEpoch: 5, firstSequence: 77, inTransaction: transactional });
      expect(Number(read.maxTimestamp)).toBe(Math.max(...given.map(({ timestamp }) => timestamp)));
      const records = read.records.map(({ key, value, headers, timestamp, offset }) => {
        const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()]));
        return { offset: Number(offset), key: hex(key), value: hex(value), headers: texts, timestamp: Number(timestamp) };
      });
      expect(records).toEqual(given.map(plain));
    }),
  );
});

test('we read those of kafkajs', async () => {
  await fc.assert(
    fc.asyncProperty(plainRecords, codec, async (given, compression) => {
      const firstTimestamp = given[0]!.timestamp;
      const records = given.map(({ key, value, headers, timestamp }, offsetDelta) =>
        encodeRecord({ key: buffer(key), value: buffer(value), headers, offsetDelta, timestampDelta: timestamp - firstTimestamp }),
      );
      const maxTimestamp = Math.max(...given.map(({ timestamp }) => timestamp));
      const theirs = await batches.RecordBatch({ compression, firstTimestamp, maxTimestamp, lastOffsetDelta: given.length - 1, records });
      const { records: read, nextOffset } = decodeRecordSet(theirs.buffer, { topic: 't', partition: 0, from: 0 }, []);
      const seen = read.map(({ key, value, headers, timestamp, offset }) => ({ offset, key: hex(key), value: hex(value), headers, timestamp }));
      expect(seen).toEqual(given.map(plain));
      expect(nextOffset).toBe(given.length);
    }),
  );
});
