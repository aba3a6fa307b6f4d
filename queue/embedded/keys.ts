/**
 * Keys of the store. Numbers are big-endian, so that the order of the keys is the order of the numbers.
 *
 *   key       := meta | topic | partition | block | newest | deletion | position | epoch | note
 *   meta      := 'm' name                                    value: see catalog.ts
 *   topic     := 't' name                                    value: JSON of all but the name (catalog.ts)
 *   partition := 'p' topicId:u16 partition:u16               value: see extent.ts
 *   block     := 'b' topicId:u16 partition:u16 offset:u64    value: a block (block.ts)
 *   newest    := 'k' topicId:u16 partition:u16 recordKey     value: offset:f64 (compacted topics)
 *   deletion  := 'd' millis:u64 topicId:u16 partition:u16 offset:u64    a tombstone, by the time of its appending
 *   position  := 'g' topicId:u16 partition:u16 group         value: offset:f64
 *   epoch     := 'e' partition:u16 group                     value: epoch:f64
 *   note      := 'n' partition:u16 group                     value: UTF-8
 *   recordKey := 0x00 bytes | 0x01 sha256                    the digest when the key is longer than 500 bytes
 */
import { createHash } from 'node:crypto';

const TAGS = { meta: 0x6d, topic: 0x74, partition: 0x70, block: 0x62, newest: 0x6b, deletion: 0x64, position: 0x67, epoch: 0x65, note: 0x6e };
type Tag = keyof typeof TAGS;

const LONGEST_PLAIN_KEY = 500;

function named(tag: Tag, name: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(name));
  key[0] = TAGS[tag];
  key.write(name, 1);
  return key;
}

function placed(tag: Tag, topicId: number, partition: number, rest: number): Buffer {
  const key = Buffer.allocUnsafe(5 + rest);
  key[0] = TAGS[tag];
  key.writeUInt16BE(topicId, 1);
  key.writeUInt16BE(partition, 3);
  return key;
}

export const metaKey = (name: string): Buffer => named('meta', name);
export const topicKey = (name: string): Buffer => named('topic', name);
export const topicKeysEnd = (): Buffer => Buffer.of(TAGS.topic + 1);
export const partitionKey = (topicId: number, partition: number): Buffer => placed('partition', topicId, partition, 0);

function writeSafeInteger(key: Buffer, at: number, number: number): void {
  key.writeUInt32BE(Math.floor(number / 0x1_0000_0000), at);
  key.writeUInt32BE(number >>> 0, at + 4);
}

function readSafeInteger(key: Uint8Array, at: number): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

export function blockKey(topicId: number, partition: number, offset: number): Buffer {
  const key = placed('block', topicId, partition, 8);
  writeSafeInteger(key, 5, offset);
  return key;
}

export const offsetOfBlockKey = (key: Uint8Array): number => readSafeInteger(key, 5);

export interface Deletion {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly topicId: number;
  readonly partition: number;
  readonly offset: number;
}

export function deletionKey(at: number, topicId: number, partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(21);
  key[0] = TAGS.deletion;
  writeSafeInteger(key, 1, at);
  key.writeUInt16BE(topicId, 9);
  key.writeUInt16BE(partition, 11);
  writeSafeInteger(key, 13, offset);
  return key;
}

export function decodeDeletion(key: Uint8Array): Deletion {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return { at: readSafeInteger(key, 1), topicId: view.getUint16(9), partition: view.getUint16(11), offset: readSafeInteger(key, 13) };
}

/** All keys of one partition that `newestKey` makes: from the first to the second, exclusively. */
export const newestKeys = (topicId: number, partition: number): [Buffer, Buffer] => [
  Buffer.concat([placed('newest', topicId, partition, 0), Buffer.of(0)]),
  Buffer.concat([placed('newest', topicId, partition, 0), Buffer.of(2)]),
];

/** Where the newest record of `recordKey` is found. */
export function newestKey(topicId: number, partition: number, recordKey: Uint8Array): Buffer {
  const plain = recordKey.length <= LONGEST_PLAIN_KEY;
  const suffix = plain ? recordKey : createHash('sha256').update(recordKey).digest();
  const key = placed('newest', topicId, partition, 1 + suffix.length);
  key[5] = plain ? 0 : 1;
  key.set(suffix, 6);
  return key;
}

export function positionKey(topicId: number, partition: number, group: string): Buffer {
  const key = placed('position', topicId, partition, Buffer.byteLength(group));
  key.write(group, 5);
  return key;
}

/** All keys of one partition that `positionKey` makes, for any group. */
export const positionKeys = (topicId: number, partition: number): [Buffer, Buffer] => [
  placed('position', topicId, partition, 0),
  Buffer.concat([placed('position', topicId, partition, 0), Buffer.of(0xff)]),
];

export const groupOfPositionKey = (key: Uint8Array): string => Buffer.from(key).toString('utf8', 5);

function taskKey(tag: Tag, partition: number, group: string): Buffer {
  const key = Buffer.allocUnsafe(3 + Buffer.byteLength(group));
  key[0] = TAGS[tag];
  key.writeUInt16BE(partition, 1);
  key.write(group, 3);
  return key;
}

export const epochKey = (partition: number, group: string): Buffer => taskKey('epoch', partition, group);
export const noteKey = (partition: number, group: string): Buffer => taskKey('note', partition, group);

/** One or more numbers as a value; safe integers survive exactly. */
export function encodeNumbers(...numbers: readonly number[]): Buffer {
  const value = Buffer.allocUnsafe(8 * numbers.length);
  numbers.forEach((number, index) => value.writeDoubleLE(number, 8 * index));
  return value;
}

export function decodeNumber(value: Buffer, index = 0): number {
  return value.readDoubleLE(8 * index);
}
