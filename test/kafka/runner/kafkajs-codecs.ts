/** Codecs for kafkajs, which brings none but gzip. */
import { compress as zstdCompress, decompress as zstdDecompress } from '@bokuweb/zstd-wasm';
import { compressFrameSync, decompressFrameSync } from 'lz4-napi';
import snappy from 'snappyjs';

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const codecOf = (pack: (bytes: Buffer) => Uint8Array, unpack: (bytes: Buffer) => Uint8Array) => (): Codec => ({
  compress: ({ buffer }) => Promise.resolve(Buffer.from(pack(buffer))),
  decompress: (buffer) => Promise.resolve(Buffer.from(unpack(buffer))),
});
const XERIAL_HEAD = 16;

export const lz4Codec = codecOf((bytes) => compressFrameSync(bytes), (bytes) => decompressFrameSync(bytes));
export const zstdCodec = codecOf((bytes) => zstdCompress(bytes, 3), (bytes) => zstdDecompress(bytes));
/** Writes snappy without frames, and reads it with those of the Java library. */
export const snappyCodec = codecOf((bytes) => snappy.compress(bytes), (bytes) => {
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEAD; at < bytes.length; ) {
    const length = bytes.readInt32BE(at);
    blocks.push(snappy.uncompress(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
});
