/**
 * Record batches, version 2, as they stand in Kafka's log:
 *
 *   baseOffset int64, batchLength int32, partitionLeaderEpoch int32, magic int8 (2), crc uint32 (CRC-32C of what follows),
 *   attributes int16 (bits 0-2 codec, 3 log append time, 4 transactional, 5 control), lastOffsetDelta int32, baseTimestamp int64,
 *   maxTimestamp int64, producerId int64, producerEpoch int16, baseSequence int32, count int32, records (compressed or not)
 *
 *   record: length varint, attributes int8, timestampDelta varlong, offsetDelta varint, key varbytes, value varbytes,
 *   headers: count varint, then key and value as varbytes
 *
 * https://kafka.apache.org/documentation/#recordbatch
 */
import { crc32c } from '@node-rs/crc32';

import { fail } from '#proto';
import type { Headers, QueueRecord } from '../../port.ts';
import { ByteReader, ByteWriter, sizeOfVarint, sizeOfVarlong } from './bytes.ts';
import { compress, decompress } from './compression.ts';

/** A record ready to be written. */
export interface WireRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** See `encodeHeaders`. */
  readonly headers: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequence: number;
  readonly transactional: boolean;
}

/** Where the fields stand. */
const AT = { length: 8, magic: 16, crc: 17, attributes: 21, lastDelta: 23, baseTime: 27, maxTime: 35, producer: 43, epoch: 51, sequence: 53, count: 57, records: 61 };
const CODEC_MASK = 7;
const LOG_APPEND_TIME = 8;
const TRANSACTIONAL = 16;
const CONTROL = 32;
const NO_HEADERS: Headers = Object.freeze({});

/** The count, then the headers, as they stand in a record. */
export function encodeHeaders(headers: Headers | undefined): Uint8Array {
  const pairs = Object.entries(headers ?? {}).map(([key, value]) => [Buffer.from(key), Buffer.from(value)] as const);
  const size = pairs.reduce((sum, [key, value]) => sum + sizeOfVarint(key.length) + key.length + sizeOfVarint(value.length) + value.length, sizeOfVarint(pairs.length));
  const writer = new ByteWriter(Buffer.allocUnsafe(size));
  writer.varint(pairs.length);
  for (const [key, value] of pairs) {
    writer.varbytes(key);
    writer.varbytes(value);
  }
  return writer.buffer;
}

/** Bytes of a record without its length, with an offset delta of at most 28 bits. */
export function sizeOfRecord({ key, value, headers }: WireRecord): number {
  return 20 + (key?.length ?? 0) + (value?.length ?? 0) + headers.length + 10;
}

/** @param records at least one */
export function encodeBatch(records: readonly WireRecord[], identity: BatchIdentity, codec: number): Buffer {
  const base = records[0]!.timestamp;
  let max = base;
  let bytes = 0;
  const sizes = new Int32Array(records.length);
  records.forEach((record, i) => {
    const { key, value, headers, timestamp } = record;
    max = Math.max(max, timestamp);
    const size =
      1 + sizeOfVarlong(timestamp - base) + sizeOfVarint(i) + sizeOfVarint(key?.length ?? -1) + (key?.length ?? 0) +
      sizeOfVarint(value?.length ?? -1) + (value?.length ?? 0) + headers.length;
    sizes[i] = size;
    bytes += sizeOfVarint(size) + size;
  });
  const whole = Buffer.allocUnsafe(AT.records + bytes);
  const writer = new ByteWriter(whole, AT.records);
  records.forEach(({ key, value, headers, timestamp }, i) => {
    writer.varint(sizes[i]!);
    whole[writer.position++] = 0;
    writer.varlong(timestamp - base);
    writer.varint(i);
    writer.varbytes(key);
    writer.varbytes(value);
    whole.set(headers, writer.position);
    writer.position += headers.length;
  });
  const batch = codec === 0 ? whole : Buffer.concat([whole.subarray(0, AT.records), compress(codec, whole.subarray(AT.records))]);
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - AT.length - 4, AT.length);
  batch.writeInt32BE(-1, AT.length + 4);
  batch.writeInt8(2, AT.magic);
  batch.writeInt16BE(codec | (identity.transactional ? TRANSACTIONAL : 0), AT.attributes);
  batch.writeInt32BE(records.length - 1, AT.lastDelta);
  batch.writeBigInt64BE(BigInt(base), AT.baseTime);
  batch.writeBigInt64BE(BigInt(max), AT.maxTime);
  batch.writeBigInt64BE(identity.producerId, AT.producer);
  batch.writeInt16BE(identity.producerEpoch, AT.epoch);
  batch.writeInt32BE(identity.sequence, AT.sequence);
  batch.writeInt32BE(records.length, AT.count);
  batch.writeUInt32BE(crc32c(batch.subarray(AT.attributes)), AT.crc);
  return batch;
}

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface RecordSet {
  readonly records: QueueRecord[];
  /** Past the last whole batch, whatever was in it; `from` when there is none. */
  readonly nextOffset: number;
}

/**
 * The committed records from offset `from` on. A batch that was cut off at the end is left for the next read; the first never is, as brokers
 * promise since Kafka 0.10.1. DATA_CORRUPT when a checksum or a length does not fit.
 *
 * @param aborted transactions whose records do not count, in the order of their offsets
 */
export function decodeRecordSet(set: Buffer, place: { topic: string; partition: number; from: number }, aborted: readonly AbortedTransaction[]): RecordSet {
  const records: QueueRecord[] = [];
  const open = new Set<bigint>();
  let nextOffset = place.from;
  let next = 0;
  for (let at = 0; at < set.length; ) {
    const end = endOfBatch(set, at);
    if (end > set.length && at > 0) break;
    const batch = set.subarray(at, end);
    assertWhole(batch, end - at, place, nextOffset);
    at = end;
    const base = new ByteReader(batch).int64();
    const attributes = batch.readInt16BE(AT.attributes);
    const last = base + batch.readInt32BE(AT.lastDelta);
    for (; next < aborted.length && aborted[next]!.firstOffset <= last; next++) open.add(aborted[next]!.producerId);
    const producerId = batch.readBigInt64BE(AT.producer);
    if ((attributes & CONTROL) !== 0) open.delete(producerId);
    else if ((attributes & TRANSACTIONAL) === 0 || !open.has(producerId)) decodeRecords(batch, attributes, base, place, records);
    nextOffset = Math.max(nextOffset, last + 1);
  }
  return { records, nextOffset };
}

/** Past the end of the set when the batch is cut off. */
function endOfBatch(set: Buffer, at: number): number {
  return at + AT.records > set.length ? Infinity : at + AT.length + 4 + set.readInt32BE(at + AT.length);
}

/** @param size bytes it says it has */
function assertWhole(batch: Buffer, size: number, { topic, partition }: { topic: string; partition: number }, offset: number): void {
  const where = `${topic}/${partition} from offset ${offset} on`;
  const magic = batch.length > AT.magic ? batch.readInt8(AT.magic) : 2;
  if (magic !== 2) throw fail('UNSUPPORTED_SCHEMA', `The record batch of ${where} is of version ${magic}; write with a broker and a client since Kafka 0.11.`);
  if (size < AT.records || size > batch.length) throw fail('DATA_CORRUPT', `The record batch of ${where} has a length that cannot be.`);
  if (crc32c(batch.subarray(AT.attributes)) !== batch.readUInt32BE(AT.crc)) throw fail('DATA_CORRUPT', `The record batch of ${where} does not match its checksum.`);
}

function decodeRecords(batch: Buffer, attributes: number, base: number, { topic, partition, from }: { topic: string; partition: number; from: number }, into: QueueRecord[]): void {
  const codec = attributes & CODEC_MASK;
  const reader = codec === 0 ? new ByteReader(batch, AT.records) : new ByteReader(decompress(codec, batch.subarray(AT.records)));
  const times = new ByteReader(batch, AT.baseTime);
  const [baseTime, maxTime] = [times.int64(), times.int64()];
  // Records of one producer mostly have the same headers: they are read once.
  let [known, headers]: [Buffer, Headers] = [batch.subarray(0, 0), NO_HEADERS];
  for (let left = batch.readInt32BE(AT.count); left > 0; left--) {
    const end = reader.varint() + reader.position;
    reader.position += 1;
    const timestamp = baseTime + reader.varlong();
    const offset = base + reader.varint();
    if (offset < from) {
      reader.position = end;
      continue;
    }
    const key = reader.varbytes();
    const value = reader.varbytes();
    const raw = reader.take(end - reader.position);
    if (!raw.equals(known)) {
      known = raw;
      headers = decodeHeaders(raw);
    }
    into.push({ topic, partition, offset, timestamp: (attributes & LOG_APPEND_TIME) === 0 ? timestamp : maxTime, key, value, headers });
  }
}

/** Of repeated keys the last counts. */
function decodeHeaders(raw: Buffer): Headers {
  const reader = new ByteReader(raw);
  const count = reader.varint();
  if (count === 0) return NO_HEADERS;
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (let i = 0; i < count; i++) headers[reader.vartext()] = reader.varbytes()?.toString('utf8') ?? '';
  return Object.freeze({ ...headers });
}
