/** Alpaca's frames as JSON or MessagePack: the same messages, times as RFC 3339 texts or as the timestamp extension. */
import { Decoder, EXT_TIMESTAMP, ExtensionCodec, decodeTimestampToTimeSpec, encode } from '@msgpack/msgpack';

import { fail } from '#proto';

import { parseJson } from '../../values/fields.ts';
import { rfc3339 } from '../../values/time.ts';

/** A time that came as MessagePack: microseconds. */
class Stamp {
  readonly us: number;
  constructor(us: number) {
    this.us = us;
  }
}

export interface AlpacaWire {
  /** Headers that ask for it. */
  readonly headers: Readonly<Record<string, string>>;
  /** MALFORMED_RECORD when it cannot be read. A text is JSON in either form. */
  read(frame: string | Uint8Array): unknown;
  write(message: object): string | Uint8Array;
}

/** Microseconds, rounded down. */
export function stampOf(value: unknown, field: string): number {
  return value instanceof Stamp ? value.us : rfc3339(value, field);
}

export function alpacaWire(encoding: 'json' | 'msgpack'): AlpacaWire {
  if (encoding === 'json') {
    return { headers: {}, read: (frame) => parseJson(asText(frame)), write: (message) => JSON.stringify(message) };
  }
  const extensionCodec = new ExtensionCodec();
  extensionCodec.register({
    type: EXT_TIMESTAMP,
    encode: () => null,
    decode: (bytes) => {
      const { sec, nsec } = decodeTimestampToTimeSpec(bytes);
      return new Stamp(sec * 1e6 + Math.floor(nsec / 1000));
    },
  });
  // What a length claims is allocated before it is read.
  const decoder = new Decoder({ extensionCodec, maxArrayLength: 100_000, maxMapLength: 1000, maxStrLength: 1_000_000, maxBinLength: 1_000_000, maxExtLength: 64 });
  return {
    headers: { 'content-type': 'application/msgpack' },
    read(frame) {
      if (typeof frame === 'string') return parseJson(frame);
      try {
        return decoder.decode(frame);
      } catch (cause) {
        throw fail('MALFORMED_RECORD', 'not MessagePack', { cause });
      }
    },
    write: (message) => encode(message),
  };
}

function asText(frame: string | Uint8Array): string {
  return typeof frame === 'string' ? frame : Buffer.from(frame).toString('utf8');
}
