/**
 * Codecs of record batches, by the number in a batch's attributes. Snappy travels in the frames of the Java library that Kafka
 * began with (xerial): a header, then blocks with their lengths; plain snappy is read as well.
 */
import { compress as zstdCompress, decompress as zstdDecompress, init as zstdInit } from '@bokuweb/zstd-wasm';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import { gunzipSync, gzipSync } from 'node:zlib';
import snappy from 'snappyjs';

import { fail } from '#proto';
import type { Compression } from '../options.ts';

interface Codec {
  compress(bytes: Buffer): Uint8Array;
  decompress(bytes: Buffer): Uint8Array;
}

/** More than any batch holds: what unpacks to more was not written to be read. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;
const XERIAL_HEADER = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const XERIAL_BLOCK_BYTES = 32 * 1024;

const CODECS: Readonly<Record<number, Codec>> = {
  1: { compress: (bytes) => gzipSync(bytes, { level: 1 }), decompress: (bytes) => gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES }) },
  2: { compress: packSnappy, decompress: unpackSnappy },
  3: { compress: (bytes) => compressFrameSync(bytes), decompress: (bytes) => decompressFrameSync(bytes) },
  4: { compress: (bytes) => zstdCompress(bytes, 1), decompress: (bytes) => zstdDecompress(bytes) },
};

export const CODEC_NUMBERS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };

/** Once in a process: a module that is compiled anew while it is in use packs everything into zeros. */
let preparing: Promise<void> | undefined;

/** Zstandard's module has to be compiled before it is used: call and await it before anything is read. May be called again. */
export function prepareCodecs(): Promise<void> {
  preparing ??= zstdInit();
  return preparing;
}

export function compress(codec: number, bytes: Buffer): Uint8Array {
  return codecOf(codec).compress(bytes);
}

export function decompress(codec: number, bytes: Buffer): Buffer {
  const unpacked = codecOf(codec).decompress(bytes);
  return Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
}

function codecOf(number: number): Codec {
  const codec = CODECS[number];
  if (!codec) throw fail('UNSUPPORTED_SCHEMA', `A record batch is compressed by codec ${number}, which nobody knows.`);
  return codec;
}

function packSnappy(bytes: Buffer): Uint8Array {
  const parts: Uint8Array[] = [XERIAL_HEADER];
  for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
    const block = snappy.compress(bytes.subarray(at, at + XERIAL_BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

function unpackSnappy(bytes: Buffer): Uint8Array {
  if (!bytes.subarray(0, 8).equals(XERIAL_HEADER.subarray(0, 8))) return snappy.uncompress(bytes, MAX_UNPACKED_BYTES);
  const parts: Uint8Array[] = [];
  for (let at = XERIAL_HEADER.length; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    parts.push(snappy.uncompress(bytes.subarray(at + 4, at + 4 + length), MAX_UNPACKED_BYTES));
    at += 4 + length;
  }
  return Buffer.concat(parts);
}
