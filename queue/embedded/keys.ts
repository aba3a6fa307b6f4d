/**
 * Keys of the store. Numbers are big-endian, so that the order of the keys is the order of the numbers.
 *
 *   key       := meta | topic | partition | block | newest | position | epoch | note
 *   meta      := 'm' name                                    value: see catalog.ts
 *   topic     := 't' name                                    value: JSON of id, partitions, cleanup
 *   partition := 'p' topicId:u16 partition:u16               value: earliest, end, maxTimestamp: f64 each
 *   block     := 'b' topicId:u16 partition:u16 offset:u64    value: a block (block.ts)
 *   newest    := 'k' topicId:u16 partition:u16 recordKey     value: offset:f64 (compacted topics)
 *   position  := 'g' topicId:u16 partition:u16 group         value: offset:f64
 *   epoch     := 'e' partition:u16 group                     value: epoch:f64
 *   note      := 'n' partition:u16 group                     value: UTF-8
 *   recordKey := 0x00 bytes | 0x01 sha256                    the digest when the key is longer than 500 bytes
 */
import { createHash } from 'node:crypto';

const TAGS = { meta: 0x6d, topic: 0x74, partition: 0x70, block: 0x62, newest: 0x6b, position: 0x67, epoch: 0x65, note: 0x6e };
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

export function blockKey(topicId: number, partition: number, offset: number): Buffer {
  const key = placed('block', topicId, partition, 8);
  key.writeUInt32BE(Math.floor(offset / 0x1_0000_0000), 5);
  key.writeUInt32BE(offset >>> 0, 9);
  return key;
}

export function offsetOfBlockKey(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  return view.getUint32(5) * 0x1_0000_0000 + view.getUint32(9);
}

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
