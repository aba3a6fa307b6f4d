/** Ticks and posts on the wire: JSON, one a record; or Arrow, many of one partition a record. */
import type { Schema } from 'apache-arrow';

import { fail } from '../errors.ts';
import { Post, Tick } from '../gen/foretick/v1/market.ts';
import { TickKind, TickSide, createTicks, ticksOf, type TickColumns, type TickRow } from '../ticks.ts';
import { column, encodeStream, readStream, schemaCache, schemaOf, types, type StreamReader } from './arrow.ts';
import { decodeJson, gather, requireSchema } from './columns.ts';
import { isAmount, isInstrument, isTime } from './range.ts';
import { CONTENT_ARROW, SCHEMA, type Encoded } from './wire.ts';

const QUOTES = 1; // Bits of which kinds a batch holds.
const TRADES = 2;
const BARS = 4;
const KINDS_OF = [QUOTES, TRADES, BARS, 0] as const;

const CORE = {
  instrument: types.text,
  kind: types.u8,
  event_time: types.time,
  receipt_time: types.time,
  sequence: types.i64,
};
const QUOTE = { bid: types.f64, bid_size: types.f64, ask: types.f64, ask_size: types.f64 };
const TRADE = { price: types.f64, size: types.f64, side: types.i8 };
const BAR = { open: types.f64, high: types.f64, low: types.f64, interval: types.i64 };

const schemas = schemaCache();

function schemaFor(source: string, kinds: number): Schema {
  return schemas(`${kinds}/${source}`, () =>
    schemaOf(
      {
        ...CORE,
        ...(kinds & QUOTES ? QUOTE : {}),
        ...(kinds & (TRADES | BARS) ? TRADE : {}),
        ...(kinds & BARS ? BAR : {}),
      },
      { source },
    ),
  );
}

/**
 * One Arrow stream of the rows `rows` (indices, in that order) or of all. Columns that none of the rows'
 * kinds uses are left out; watermarks have a null-like instrument index of the empty name.
 */
export function encodeTicksArrow(ticks: TickColumns, rows: Int32Array | null): Uint8Array {
  const length = rows ? rows.length : ticks.length;
  const f64 = (values: Float64Array): Float64Array => gather(values, rows, length);
  const kind = new Uint8Array(length);
  const side = new Int8Array(length);
  const instrument = new Int32Array(length);
  const words: string[] = [];
  const local = new Int32Array(ticks.instruments.length + 1).fill(-1);
  let kinds = 0;
  for (let i = 0; i < length; i++) {
    const row = rows ? rows[i]! : i;
    const id = ticks.instrument[row]!;
    kind[i] = ticks.kind[row]!;
    side[i] = ticks.side[row]!;
    kinds |= KINDS_OF[kind[i]!] ?? 0;
    let word = local[id + 1]!;
    if (word === -1) {
      word = words.push(id === -1 ? '' : ticks.instruments[id]!) - 1;
      local[id + 1] = word;
    }
    instrument[i] = word;
  }
  const children = [
    column.text(instrument, words),
    column.u8(kind),
    column.time(f64(ticks.eventTime)),
    column.time(f64(ticks.receiptTime)),
    column.i64(f64(ticks.sequence)),
  ];
  if (kinds & QUOTES) {
    children.push(...[ticks.bid, ticks.bidSize, ticks.ask, ticks.askSize].map((v) => column.f64(f64(v))));
  }
  if (kinds & (TRADES | BARS)) {
    children.push(column.f64(f64(ticks.price)), column.f64(f64(ticks.size)), column.i8(side));
  }
  if (kinds & BARS) {
    children.push(...[ticks.open, ticks.high, ticks.low].map((v) => column.f64(f64(v))), column.i64(f64(ticks.interval)));
  }
  return encodeStream(schemaFor(ticks.source, kinds), length, children);
}

function readTicks(reader: StreamReader): TickColumns {
  const { length } = reader;
  const zeros = new Float64Array(length);
  const f64 = (name: string, nullAs?: number): Float64Array => (reader.has(name) ? reader.f64(name, nullAs) : zeros);
  const { indices, words } = reader.text('instrument');
  const kind = reader.u8('kind');
  const instrument = kind.includes(TickKind.WATERMARK) ? withoutWatermarks(indices, kind) : indices;
  return {
    length,
    capacity: length,
    source: reader.metadata('source') ?? '',
    instruments: words,
    instrument,
    kind,
    eventTime: reader.f64('event_time'),
    receiptTime: reader.f64('receipt_time'),
    sequence: f64('sequence', 0),
    price: f64('price'),
    size: f64('size'),
    side: new Int8Array(f64('side', TickSide.NONE)),
    bid: f64('bid'),
    bidSize: f64('bid_size'),
    ask: f64('ask'),
    askSize: f64('ask_size'),
    open: f64('open'),
    high: f64('high'),
    low: f64('low'),
    interval: f64('interval', 0),
  };
}

function withoutWatermarks(indices: Int32Array, kind: Uint8Array): Int32Array {
  const instrument = indices.slice();
  for (let i = 0; i < instrument.length; i++) if (kind[i] === TickKind.WATERMARK) instrument[i] = -1;
  return instrument;
}

const SIDE_NAMES = { [TickSide.BUY]: 'SIDE_BUY', [TickSide.SELL]: 'SIDE_SELL' } as const;

/** Proto3 JSON of row `i`, with every field of its kind written out, zeros too. */
export function encodeTickJson(ticks: TickColumns, i: number): string {
  const kind = ticks.kind[i]!;
  if (kind === TickKind.WATERMARK) return watermarkJson(ticks.source, ticks.receiptTime[i]!);
  const side = ticks.side[i]! as -1 | 0 | 1;
  return JSON.stringify({
    instrument: ticks.instruments[ticks.instrument[i]!],
    source: ticks.source,
    eventTimeUs: ticks.eventTime[i],
    receiptTimeUs: ticks.receiptTime[i],
    sequence: ticks.sequence[i],
    ...(kind === TickKind.QUOTE && {
      quote: { bid: ticks.bid[i], bidSize: ticks.bidSize[i], ask: ticks.ask[i], askSize: ticks.askSize[i] },
    }),
    ...(kind === TickKind.TRADE && {
      trade: {
        price: ticks.price[i],
        size: ticks.size[i],
        aggressor: side === TickSide.NONE ? 'SIDE_UNSPECIFIED' : SIDE_NAMES[side],
      },
    }),
    ...(kind === TickKind.BAR && {
      bar: {
        open: ticks.open[i],
        high: ticks.high[i],
        low: ticks.low[i],
        close: ticks.price[i],
        volume: ticks.size[i],
        intervalUs: ticks.interval[i],
      },
    }),
  });
}

/** A watermark of either log. */
export function watermarkJson(source: string, receiptTime: number): string {
  return JSON.stringify({ source, receiptTimeUs: receiptTime, watermark: {} });
}

export function encodePostJson(post: Post): string {
  return JSON.stringify(Post.toJSON(post));
}

function decodeTickJson(bytes: Uint8Array): TickColumns {
  const tick = decodeJson(bytes, Tick);
  const base = {
    instrument: tick.instrument,
    eventTime: tick.eventTimeUs,
    receiptTime: tick.receiptTimeUs,
    sequence: tick.sequence,
  };
  const { body } = tick;
  switch (body?.$case) {
    case 'quote':
      return ticksOf(tick.source, [{ ...base, kind: TickKind.QUOTE, ...body.quote }]);
    case 'trade': {
      const { price, size, aggressor } = body.trade;
      const side = aggressor === 1 ? TickSide.BUY : aggressor === 2 ? TickSide.SELL : TickSide.NONE;
      return ticksOf(tick.source, [{ ...base, kind: TickKind.TRADE, price, size, side }]);
    }
    case 'bar': {
      const { open, high, low, close, volume, intervalUs } = body.bar;
      const row: TickRow = { ...base, kind: TickKind.BAR, open, high, low, price: close, size: volume, interval: intervalUs };
      return ticksOf(tick.source, [row]);
    }
    case 'watermark':
      return ticksOf(tick.source, [{ ...base, kind: TickKind.WATERMARK }]);
    case undefined:
      throw fail('MALFORMED_RECORD', 'a tick without quote, trade, bar or watermark');
  }
}

/** The ticks of a record of `quotes`. Values are not yet judged: see `invalidTick`. */
export function decodeTicks(record: Encoded): TickColumns {
  const bytes = requireSchema(record, SCHEMA.tick);
  return record.headers['content-type'] === CONTENT_ARROW ? readStream(bytes, readTicks) : decodeTickJson(bytes);
}

/** The post of a record of `posts`; `watermark` is set when it is one. */
export function decodePost(record: Encoded): Post {
  const post = decodeJson(requireSchema(record, SCHEMA.post), Post);
  if (!post.watermark && !isInstrument(post.instrument)) throw fail('MALFORMED_RECORD', 'a post without a valid instrument');
  if (!isTime(post.receiptTimeUs)) throw fail('VALUE_OUT_OF_RANGE', 'receipt time of a post is out of range');
  if (post.eventTimeUs !== 0 && !isTime(post.eventTimeUs)) throw fail('VALUE_OUT_OF_RANGE', 'event time of a post is out of range');
  return post;
}

/** Why row `i` may not enter any state, or null when it may. Pure and cheap: called for each tick. */
export function invalidTick(ticks: TickColumns, i: number): string | null {
  const kind = ticks.kind[i]!;
  if (!isTime(ticks.receiptTime[i]!)) return 'receipt time out of range';
  if (kind === TickKind.WATERMARK) return null;
  if (!isTime(ticks.eventTime[i]!)) return 'event time out of range';
  const id = ticks.instrument[i]!;
  if (id < 0 || !isInstrument(ticks.instruments[id])) return 'no valid instrument';
  if (!(Math.abs(ticks.sequence[i]!) <= Number.MAX_SAFE_INTEGER)) return 'sequence is beyond 2^53';
  if (kind === TickKind.QUOTE) {
    return isAmount(ticks.bid[i]!) && isAmount(ticks.ask[i]!) && isAmount(ticks.bidSize[i]!) && isAmount(ticks.askSize[i]!)
      ? null
      : 'bid, ask or a size is not finite or negative';
  }
  if (kind !== TickKind.TRADE && kind !== TickKind.BAR) return `unknown kind ${kind}`;
  if (!(ticks.price[i]! > 0) || !isAmount(ticks.price[i]!)) return 'price is not finite or not positive';
  if (!isAmount(ticks.size[i]!)) return 'size is not finite or negative';
  if (kind === TickKind.TRADE) return Math.abs(ticks.side[i]!) <= 1 ? null : `unknown side ${ticks.side[i]!}`;
  return isAmount(ticks.open[i]!) && isAmount(ticks.high[i]!) && isAmount(ticks.low[i]!) && isAmount(ticks.interval[i]!)
    ? null
    : 'open, high, low or interval is not finite or negative';
}

/** One-row copy of row `i`, to put a refused row of a batch into dead-letters. */
export function tickAt(ticks: TickColumns, i: number): TickColumns {
  const one = createTicks(1, ticks.source, [...ticks.instruments]);
  one.length = 1;
  for (const name of Object.keys(one) as (keyof TickColumns)[]) {
    const to = one[name];
    const from = ticks[name];
    if (ArrayBuffer.isView(to) && ArrayBuffer.isView(from)) {
      (to as unknown as Float64Array)[0] = (from as unknown as Float64Array)[i]!;
    }
  }
  return one;
}
