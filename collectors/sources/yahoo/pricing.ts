/**
 * The message of Yahoo's streamer: protobuf, in base64. Its schema is not published by Yahoo; this is the one that yfinance
 * (`yfinance/pricing.proto`) and others found.
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

import { fail } from '#proto';

import { fromFloat32 } from '../../values/decimal.ts';

type Form = 'text' | 'float' | 'double' | 'int32' | 'sint64';

/** By field number. */
const FIELDS = {
  1: ['id', 'text'],
  2: ['price', 'float'],
  /** Milliseconds. */
  3: ['time', 'sint64'],
  4: ['currency', 'text'],
  5: ['exchange', 'text'],
  6: ['quoteType', 'int32'],
  7: ['marketHours', 'int32'],
  8: ['changePercent', 'float'],
  9: ['dayVolume', 'sint64'],
  10: ['dayHigh', 'float'],
  11: ['dayLow', 'float'],
  12: ['change', 'float'],
  13: ['shortName', 'text'],
  14: ['expireDate', 'sint64'],
  15: ['openPrice', 'float'],
  16: ['previousClose', 'float'],
  17: ['strikePrice', 'float'],
  18: ['underlyingSymbol', 'text'],
  19: ['openInterest', 'sint64'],
  20: ['optionsType', 'sint64'],
  21: ['miniOption', 'sint64'],
  22: ['lastSize', 'sint64'],
  23: ['bid', 'float'],
  24: ['bidSize', 'sint64'],
  25: ['ask', 'float'],
  26: ['askSize', 'sint64'],
  27: ['priceHint', 'sint64'],
  28: ['vol24hr', 'sint64'],
  29: ['volAllCurrencies', 'sint64'],
  30: ['fromCurrency', 'text'],
  31: ['lastMarket', 'text'],
  32: ['circulatingSupply', 'double'],
  33: ['marketCap', 'double'],
} as const satisfies Readonly<Record<number, readonly [string, Form]>>;

type Field = (typeof FIELDS)[keyof typeof FIELDS];

/** A whole number beyond 2^53 is a bigint. Absent and 0 (or '') are one on the wire. */
export type Pricing = Readonly<Partial<Record<Extract<Field, readonly [string, 'text']>[0], string>> & Partial<Record<Exclude<Field, readonly [string, 'text']>[0], number | bigint>>>;

const WIRE: Readonly<Record<Form, WireType>> = {
  text: WireType.LengthDelimited,
  float: WireType.Bit32,
  double: WireType.Bit64,
  int32: WireType.Varint,
  sint64: WireType.Varint,
};

const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2}==$|^[A-Za-z0-9+/]{3}=$/;

/** Floats are rounded to the shortest text of their float32. Unknown fields are left out. @throws MALFORMED_RECORD */
export function decodePricing(base64: string): Pricing {
  if (!BASE64.test(base64)) throw fail('MALFORMED_RECORD', 'the message is not base64');
  const pricing: Record<string, string | number | bigint> = {};
  try {
    const reader = new BinaryReader(Buffer.from(base64, 'base64'));
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const field = (FIELDS as Readonly<Record<number, readonly [string, Form] | undefined>>)[number];
      if (!field) {
        reader.skip(wireType, number);
        continue;
      }
      const [name, form] = field;
      if (wireType !== WIRE[form]) throw fail('MALFORMED_RECORD', `field ${name} has another wire type`);
      pricing[name] = read(reader, form);
    }
  } catch (cause) {
    throw fail('MALFORMED_RECORD', 'the message is no PricingData', { cause });
  }
  return pricing;
}

function read(reader: BinaryReader, form: Form): string | number | bigint {
  switch (form) {
    case 'text':
      return reader.string();
    case 'float':
      return fromFloat32(reader.float());
    case 'double':
      return reader.double();
    case 'int32':
      return reader.int32();
    case 'sint64': {
      const value = BigInt(reader.sint64());
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
  }
}
