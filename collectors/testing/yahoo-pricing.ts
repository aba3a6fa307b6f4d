/** For tests: PricingData of Yahoo's streamer, written. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export interface Written {
  readonly id?: string;
  readonly price?: number;
  /** Milliseconds. */
  readonly time?: number;
  readonly exchange?: string;
  readonly quoteType?: number;
  readonly marketHours?: number;
  readonly changePercent?: number;
  readonly dayVolume?: number;
  readonly change?: number;
  readonly priceHint?: number;
}

const FIELDS = [
  ['id', 1, 'string', WireType.LengthDelimited],
  ['price', 2, 'float', WireType.Bit32],
  ['time', 3, 'sint64', WireType.Varint],
  ['exchange', 5, 'string', WireType.LengthDelimited],
  ['quoteType', 6, 'int32', WireType.Varint],
  ['marketHours', 7, 'int32', WireType.Varint],
  ['changePercent', 8, 'float', WireType.Bit32],
  ['dayVolume', 9, 'sint64', WireType.Varint],
  ['change', 12, 'float', WireType.Bit32],
  ['priceHint', 27, 'sint64', WireType.Varint],
] as const;

/** Base64. As in proto3, what is 0 or empty is left out. */
export function encodePricing(written: Written): string {
  const writer = new BinaryWriter();
  for (const [name, number, form, wireType] of FIELDS) {
    const value = written[name];
    if (value === undefined || value === 0 || value === '') continue;
    writer.tag(number, wireType);
    if (form === 'string') writer.string(String(value));
    else writer[form](Number(value));
  }
  return Buffer.from(writer.finish()).toString('base64');
}
