import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { ByteReader, ByteWriter, sizeOfVarint, sizeOfVarlong } from './bytes.ts';

const written = (write: (writer: ByteWriter) => void): Buffer => {
  const writer = new ByteWriter(Buffer.alloc(512));
  write(writer);
  return writer.buffer.subarray(0, writer.position);
};
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
/** Offsets and times stay below this. */
const LARGEST = Number.MAX_SAFE_INTEGER;

test('any number of 32 bits is read as it was written, and takes as many bytes as were foretold', () => {
  fc.assert(
    fc.property(int32, (value) => {
      const bytes = written((writer) => { writer.varint(value); });
      expect(bytes.length).toBe(sizeOfVarint(value));
      const reader = new ByteReader(bytes);
      expect([reader.varint(), reader.left]).toEqual([value, 0]);
    }),
  );
});

test('so is any number of 53 bits', () => {
  fc.assert(
    fc.property(fc.integer({ min: -LARGEST, max: LARGEST }), (value) => {
      const bytes = written((writer) => { writer.varlong(value); });
      expect(bytes.length).toBe(sizeOfVarlong(value));
      const reader = new ByteReader(bytes);
      expect([reader.varlong(), reader.left]).toEqual([value, 0]);
    }),
  );
});

// From the encoding of protocol buffers, which Kafka took over: zigzag, seven bits a byte, the lowest first.
test.each([
  [0, '00'], [-1, '01'], [1, '02'], [63, '7e'], [-64, '7f'], [64, '8001'], [-65, '8101'], [8191, 'fe7f'], [8192, '808001'],
  [0x7fff_ffff, 'feffffff0f'], [-0x8000_0000, 'ffffffff0f'],
])('%i is written as %s', (value, expected) => {
  expect(written((writer) => { writer.varint(value); }).toString('hex')).toBe(expected);
  expect(written((writer) => { writer.varlong(value); }).toString('hex')).toBe(expected);
});

test('numbers that go on too long, or end too early, are refused', () => {
  const reader = (text: string): ByteReader => new ByteReader(Buffer.from(text, 'hex'));
  expect(() => reader('ffffffffff01').varint()).toThrow(RangeError);
  expect(() => reader('ffffffffffffffffffff01').varlong()).toThrow(RangeError);
  for (const cut of ['', '80', 'ffff']) {
    expect(() => reader(cut).varint()).toThrow(RangeError);
    expect(() => reader(cut).varlong()).toThrow(RangeError);
  }
});

test('what says that it is longer than what is left is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 0x7fff }), (bytes, beyond) => {
      const claim = written((writer) => {
        writer.varint(bytes.length + beyond);
        writer.buffer.set(bytes, writer.position);
        writer.position += bytes.length;
      });
      expect(() => new ByteReader(claim).varbytes()).toThrow(RangeError);
      expect(() => new ByteReader(claim).vartext()).toThrow(RangeError);
    }),
  );
});

test('whole numbers of fixed size, text and lists are read as Kafka writes them', () => {
  const buffer = Buffer.alloc(64);
  let at = buffer.writeInt8(-2, 0);
  at = buffer.writeInt16BE(-300, at);
  at = buffer.writeInt32BE(-70_000, at);
  at = buffer.writeBigInt64BE(-(2n ** 40n) - 5n, at);
  at = buffer.writeBigInt64BE(2n ** 53n - 1n, at);
  at = buffer.writeInt16BE(2, at);
  at += buffer.write('né', at, 'latin1');
  at = buffer.writeInt16BE(-1, at);
  at = buffer.writeInt32BE(2, at);
  at = buffer.writeInt16BE(7, at);
  at = buffer.writeInt16BE(8, at);
  at = buffer.writeInt32BE(-1, at);
  const reader = new ByteReader(buffer.subarray(0, at));
  expect([reader.int8(), reader.int16(), reader.int32(), reader.int64(), reader.int64()]).toEqual([-2, -300, -70_000, -(2 ** 40) - 5, 2 ** 53 - 1]);
  expect(reader.string()).toBe('n\ufffd');
  expect(reader.string()).toBeNull();
  expect(reader.array((from) => from.int16())).toEqual([7, 8]);
  expect(reader.array((from) => from.int16())).toEqual([]);
  expect(reader.left).toBe(0);
  // Node's own, which is of another realm than the test's.
  expect(() => reader.int8()).toThrow(/out of range/);
});
