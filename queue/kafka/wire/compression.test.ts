import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import snappy from 'snappyjs';

import { COMPRESSIONS } from '../options.ts';
import { CODEC_NUMBERS, compress, decompress, prepareCodecs } from './compression.ts';

beforeAll(prepareCodecs);

const packing = COMPRESSIONS.filter((name) => name !== 'none');
/** Longer than a block of snappy's frames, alike and not. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 4_000 })).map(([part, times]) => Buffer.concat(Array.from({ length: times }, () => part))),
);

test.each(packing)('%s gives back what it was given', (name) => {
  const codec = CODEC_NUMBERS[name];
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      const given = Buffer.from(bytes);
      expect(decompress(codec, Buffer.from(compress(codec, given))).equals(given)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('codecs have the numbers of the protocol', () => {
  expect(CODEC_NUMBERS).toEqual({ none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 });
});

test('snappy without the frames of the Java library is read, as some clients write it', () => {
  const text = Buffer.from('no frames '.repeat(100));
  expect(decompress(2, Buffer.from(snappy.compress(text))).equals(text)).toBe(true);
});

test('bytes that are none of the codec are refused', () => {
  for (const name of packing) expect(() => decompress(CODEC_NUMBERS[name], Buffer.from('these are plain bytes, and no more'))).toThrow();
});

test('a codec that nobody knows is refused with a code', () => {
  expect(() => decompress(7, Buffer.alloc(4))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_SCHEMA' }));
});

test('what would unpack to more than any batch holds is not unpacked', () => {
  const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
  expect(() => decompress(1, bomb)).toThrow();
});

test('preparing again, as each queue that is opened does, leaves zstd as it was', async () => {
  const text = Buffer.from('again and '.repeat(50));
  for (let i = 0; i < 3; i++) {
    await prepareCodecs();
    const packed = Buffer.from(compress(4, text));
    // The magic number of a frame: bytes that brokers can unpack.
    expect(packed.readUInt32LE(0)).toBe(0xfd2fb528);
    expect(decompress(4, packed).equals(text)).toBe(true);
  }
});
