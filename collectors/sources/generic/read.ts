/** A vendor's JSON → what stands in it, by the rules of the configuration. */
import { TickSide, asForetickError, fail, type ForetickError } from '#proto';

import { decimal, decimalOr, whole } from '../../values/decimal.ts';
import { rfc3339, timeOf } from '../../values/time.ts';
import { look, test, type Look } from './conditions.ts';
import type { RecordRule, TradeRule } from './schema.ts';

export type Numbers = 'by-one' | 'rising' | 'unordered';

interface FoundShared {
  /** As the vendor calls it. */
  readonly symbol: string;
  /** Microseconds; null: the vendor does not say. */
  readonly eventTime: number | null;
  readonly numbers: Numbers | null;
  /** A number unless the ids are unordered. */
  readonly id: number | string | null;
  /** It may have happened long before. */
  readonly past: boolean;
}

export interface FoundTrade extends FoundShared {
  readonly stream: 'trade';
  readonly price: number;
  readonly size: number;
  readonly side: number;
}

export interface FoundQuote extends FoundShared {
  readonly stream: 'quote';
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
}

export type Found = FoundTrade | FoundQuote;

export interface Reading {
  /** What the frame is, by the first rule that fits; null when none does. */
  readonly kind: string | null;
  readonly found: readonly Found[];
  /** Records that cannot be read: MALFORMED_RECORD. */
  readonly broken: readonly ForetickError[];
}

/**
 * @param symbol the only one that is meant, where frames do not say; null where there are several
 * @param seen streams and symbols that came on this connection
 */
export type Reader = (frame: unknown, symbol: string | null, seen: Set<string>) => Reading;

export function reader(rules: readonly RecordRule[]): Reader {
  const compiled = rules.map(compile);
  return (frame, symbol, seen) => {
    let kind: string | null = null;
    const found: Found[] = [];
    const broken: ForetickError[] = [];
    for (const { stream, fits, list, read } of compiled) {
      const records = list(frame);
      for (const record of records) {
        if (!fits(record, frame)) continue;
        kind ??= stream;
        try {
          found.push(read(record, frame, symbol, seen));
        } catch (thrown) {
          const error = asForetickError(thrown);
          if (error.code !== 'MALFORMED_RECORD') throw error;
          broken.push(error);
        }
      }
    }
    return { kind, found, broken };
  };
}

interface Compiled {
  readonly stream: 'trade' | 'quote';
  readonly fits: (record: unknown, frame: unknown) => boolean;
  readonly list: (frame: unknown) => readonly unknown[];
  readonly read: (record: unknown, frame: unknown, symbol: string | null, seen: Set<string>) => Found;
}

function compile(rule: RecordRule): Compiled {
  const shared = readShared(rule);
  return { stream: rule.kind, fits: test(rule.when), list: listOf(rule), read: rule.kind === 'trade' ? readTrade(rule, shared) : readQuote(rule, shared) };
}

function listOf({ each }: RecordRule): Compiled['list'] {
  if (each === undefined) {
    return (frame) => {
      const list: readonly unknown[] = Array.isArray(frame) ? frame : [];
      return list.length > 0 && list.every((element) => typeof element === 'object') ? list : [frame];
    };
  }
  const at = look(each);
  return (frame) => {
    const list = at(frame, frame);
    return Array.isArray(list) ? (list as readonly unknown[]) : [];
  };
}

export const seenKey = (stream: string, symbol: string): string => `${stream} ${symbol}`;

type ReadShared = (record: unknown, frame: unknown, symbol: string | null, seen: Set<string>) => FoundShared;

function readShared({ kind, instrument, time, sequence, past }: RecordRule): ReadShared {
  const symbolAt = instrument && symbolOf(instrument);
  const timeAt = time && look(time.at);
  const idAt = sequence && look(sequence.at);
  const numbers = sequence?.numbers ?? null;
  return (record, frame, only, seen) => {
    const symbol = symbolAt ? symbolAt(record, frame) : only;
    if (symbol === null) throw fail('MALFORMED_RECORD', 'the record names no instrument, and several are meant');
    const at = timeAt?.(record, frame);
    const eventTime = time ? (time.unit === 'rfc3339' ? rfc3339(at, time.at) : timeOf(at, time.unit, time.at)) : null;
    const id = sequence ? idOf(idAt!(record, frame), sequence) : null;
    if (past !== 'first') return { symbol, eventTime, numbers, id, past };
    const came = seenKey(kind, symbol);
    const first = !seen.has(came);
    seen.add(came);
    return { symbol, eventTime, numbers, id, past: first };
  };
}

function idOf(value: unknown, { at, numbers }: { readonly at: string; readonly numbers: Numbers }): number | string {
  if (numbers !== 'unordered') return whole(value, at);
  if (typeof value !== 'string' && typeof value !== 'number') throw fail('MALFORMED_RECORD', `${at} is neither a text nor a number`);
  return value;
}

function symbolOf({ at, as }: { readonly at: string; readonly as: string }): (record: unknown, frame: unknown) => string {
  const value = look(at);
  const [before = '', after = ''] = as.split('{instrument}');
  return (record, frame) => {
    const text = value(record, frame);
    if (typeof text !== 'string' || text.length <= before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) {
      throw fail('MALFORMED_RECORD', `${at} does not name an instrument`);
    }
    return text.slice(before.length, text.length - after.length);
  };
}

const optional = (path: string | undefined): Look => (path === undefined ? () => undefined : look(path));

/** Field by field, as quotes are: a spread takes several times as long. */
function readTrade(rule: TradeRule, shared: ReadShared): Compiled['read'] {
  const price = look(rule.price);
  const size = optional(rule.size);
  const side = sideOf(rule.side);
  return (record, frame, only, seen) => {
    const { symbol, eventTime, numbers, id, past } = shared(record, frame, only, seen);
    return {
      stream: 'trade',
      symbol,
      eventTime,
      numbers,
      id,
      past,
      price: decimal(price(record, frame), rule.price),
      size: rule.size === undefined ? 0 : decimal(size(record, frame), rule.size),
      side: side(record, frame),
    };
  };
}

function sideOf(rule: TradeRule['side']): (record: unknown, frame: unknown) => number {
  if (!rule) return () => TickSide.NONE;
  const at = look(rule.at);
  const [buyers, sellers] = rule.of === 'taker' ? [rule.buy, rule.sell] : [rule.sell, rule.buy];
  return (record, frame) => {
    const value = at(record, frame) ?? null;
    if (buyers.includes(value as null)) return TickSide.BUY;
    if (sellers.includes(value as null)) return TickSide.SELL;
    throw fail('MALFORMED_RECORD', `${rule.at} is neither buy nor sell`);
  };
}

/** A side of the book that is empty is 0. */
function readQuote(rule: Extract<RecordRule, { kind: 'quote' }>, shared: ReadShared): Compiled['read'] {
  const [bid, bidSize, ask, askSize] = [look(rule.bid), optional(rule.bid_size), look(rule.ask), optional(rule.ask_size)];
  return (record, frame, only, seen) => {
    const bids = bid(record, frame);
    const asks = ask(record, frame);
    if (bids === undefined && asks === undefined) throw fail('MALFORMED_RECORD', `neither ${rule.bid} nor ${rule.ask} is there`);
    const { symbol, eventTime, numbers, id, past } = shared(record, frame, only, seen);
    return {
      stream: 'quote',
      symbol,
      eventTime,
      numbers,
      id,
      past,
      bid: decimalOr(bids, 0, rule.bid),
      bidSize: decimalOr(bidSize(record, frame), 0, rule.bid_size ?? ''),
      ask: decimalOr(asks, 0, rule.ask),
      askSize: decimalOr(askSize(record, frame), 0, rule.ask_size ?? ''),
    };
  };
}
