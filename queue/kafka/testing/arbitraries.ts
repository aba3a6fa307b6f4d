/** What the tests of Kafka's wire format are fed with. */
import fc from 'fast-check';

import type { Headers } from '../../port.ts';
import { encodeHeaders, type WireRecord } from '../wire/record-batch.ts';

export interface PlainRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Headers;
  readonly timestamp: number;
}

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { freq: 4 });
/** Names that are numbers, empty, or of JavaScript's own; text of any script. */
const headers: fc.Arbitrary<Headers> = fc.dictionary(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 6 }), fc.constantFrom('__proto__', 'constructor', '0')), fc.string({ unit: 'grapheme', maxLength: 20 }), {
  maxKeys: 4,
  noNullPrototype: true,
});

/** Times are in no order, as events are. */
export const plainRecord: fc.Arbitrary<PlainRecord> = fc.record({ key: bytes, value: bytes, headers, timestamp: fc.nat({ max: 8_640_000_000_000_000 }) });
export const plainRecords = fc.array(plainRecord, { minLength: 1, maxLength: 40 });
/** 0 to 4: none, gzip, snappy, lz4, zstd. */
export const codecNumber = fc.nat({ max: 4 });

export const toWire = ({ headers: given, ...rest }: PlainRecord): WireRecord => ({ ...rest, headers: encodeHeaders(given) });

/** Buffers and their views compare by their bytes. */
export const hex = (from: Uint8Array | null): string | null => (from === null ? null : Buffer.from(from).toString('hex'));
