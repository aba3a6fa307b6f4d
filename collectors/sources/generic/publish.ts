/** What was found in a vendor's JSON → rows, each once: by number, by id, or by content where there is neither. */
import { RisingIds } from '../../integrity/ids.ts';
import { RecentTexts } from '../../integrity/repeats.ts';
import type { Live } from '../../live/live.ts';
import { createNumbered, type Numbered } from '../../live/numbered.ts';
import type { Found } from './read.ts';
import type { GenericOptions } from './schema.ts';

export interface Publisher {
  /** Streams whose numbers rise by one. */
  readonly numbered: readonly Numbered[];
  /** Streams of which it cannot be counted what is missing. */
  readonly unnumbered: readonly ('trade' | 'quote')[];
  instrument(symbol: string): string;
  forget(instrument: string): void;
  /** Whether records of this kind and instrument came before, here or in an earlier run. */
  follows(found: Found): boolean;
  /** Whether it is not above the highest number of its instrument, or has come before. */
  isKnown(found: Found): boolean;
  /** The lowest of the highest numbers of these instruments, so that none is missed; null when one was not followed. */
  highest(names: readonly string[]): number | null;
  /** Records of one frame. */
  publish(found: readonly Found[]): void;
}

export interface PublisherOptions extends GenericOptions {
  readonly live: Live;
  /** Quotes sent on subscribing are not news when they are older, microseconds. */
  readonly maxSnapshotAge: number;
  /** How long missing numbers may still arrive. */
  readonly graceMs?: number;
  /** By the vendor's name for it, the instrument's. */
  readonly nameOf: (symbol: string) => string | null;
}

/** What is known of one stream of an instrument. */
interface Followed {
  readonly instrument: string;
  /** The highest number or id so far, here or in an earlier run; -Infinity: none. */
  highest: number;
  rising: RisingIds | null;
  /** Some of those that are told by texts came before this frame. */
  begun: boolean;
  /** The newest of those that have neither number nor time. */
  newest: string | null;
}

/** Texts of records without numbers that are remembered, of all instruments together. */
const REMEMBERED = 65_536;

export function createPublisher({ live, venue, records, maxSnapshotAge, graceMs, nameOf }: PublisherOptions): Publisher {
  const { out, positions } = live;
  const streams = [...new Set(records.map(({ kind }) => kind))];
  const byOne = streams.filter((stream) => records.some(({ kind, sequence }) => kind === stream && sequence?.numbers === 'by-one'));
  const numbered = new Map<string, Numbered>(byOne.map((stream) => [stream, createNumbered(live, { stream, ...(graceMs !== undefined && { graceMs }) })]));
  const texts = new RecentTexts(REMEMBERED);
  /** By the name in the id: found without a text being made for it. */
  const followed = { trade: new Map<string, Followed>(), quote: new Map<string, Followed>() };
  const prefix = `${venue}:`;
  const instrument = (name: string): string => prefix + name;

  /** Of an instrument that is collected: its positions are loaded. */
  function place(stream: Found['stream'], name: string): Followed {
    let one = followed[stream].get(name);
    if (!one) {
      const id = instrument(name);
      const before = positions.begun(id, stream) as { readonly last: number } | undefined;
      one = { instrument: id, highest: before?.last ?? -Infinity, rising: null, begun: false, newest: null };
      followed[stream].set(name, one);
    }
    return one;
  }

  /** Null: it is not collected. */
  function placeOf({ stream, symbol }: Found): Followed | null {
    const name = nameOf(symbol);
    return name === null ? null : place(stream, name);
  }

  function follows(found: Found): boolean {
    const one = placeOf(found);
    return one !== null && isFollowed(one);
  }

  function write(found: Found, id: string): void {
    const at = found.eventTime ?? out.receipt;
    const sequence = typeof found.id === 'number' ? found.id : 0;
    if (found.stream === 'trade') out.trade(id, at, sequence, found.price, found.size, found.side);
    else out.quote(id, at, sequence, found.bid, found.bidSize, found.ask, found.askSize);
  }

  function one(found: Found): void {
    const at = placeOf(found);
    if (at === null) {
      out.skip('not-collected');
      return;
    }
    if (found.stream === 'quote' && (found.bid === 0 || found.ask === 0)) {
      out.skip('one-sided');
      return;
    }
    const stream = numbered.get(found.stream);
    if (found.numbers === 'by-one' && stream) {
      const number = found.id as number;
      const writes = (): void => { write(found, at.instrument); };
      if (found.past) stream.publishPast(at.instrument, number, writes);
      else stream.publish(at.instrument, number, writes);
      at.highest = Math.max(at.highest, number);
    } else if (found.numbers === 'rising') {
      byRising(found, at);
    } else if (!isNew(found, at)) {
      out.skip('repeat');
    } else if (isStale(found, at)) {
      out.skip('stale');
    } else {
      write(found, at.instrument);
    }
  }

  function byRising(found: Found, at: Followed): void {
    const number = found.id as number;
    const last = at.highest;
    at.rising ??= new RisingIds(last === -Infinity ? number - 1 : last);
    // An older quote is of no use.
    if (!at.rising.accept(number) || (found.stream === 'quote' && number < last)) {
      out.skip('repeat');
      return;
    }
    const stale = isStale(found, at);
    at.highest = Math.max(last, number);
    positions.move(at.instrument, found.stream, { last: at.rising.last });
    if (stale) out.skip('stale');
    else write(found, at.instrument);
  }

  /** Trades of the past are news only if their stream was followed before: see `follows`. */
  function isStale(found: Found, at: Followed): boolean {
    if (!found.past) return false;
    return found.stream === 'trade' ? !isFollowed(at) : found.eventTime === null || !live.isNews(at.instrument, found.eventTime, maxSnapshotAge);
  }

  function isNew(found: Found, at: Followed): boolean {
    const text = textOf(found, at.instrument);
    if (found.id !== null || found.eventTime !== null) return texts.accept(text);
    // Without a time the same values may come again, later, and mean something.
    if (at.newest === text) return false;
    at.newest = text;
    return true;
  }

  return {
    numbered: [...numbered.values()],
    unnumbered: streams.filter((stream) => !byOne.includes(stream)),
    instrument,
    forget(id) {
      for (const stream of streams) followed[stream].delete(id.slice(prefix.length));
    },
    follows,
    isKnown(found) {
      const at = placeOf(found);
      if (at === null) return false;
      return isText(found) ? texts.has(textOf(found, at.instrument)) : (found.id as number) <= at.highest;
    },
    highest(names) {
      const all = names.flatMap((name) => streams.map((stream) => place(stream, name).highest)).filter((last) => last > -Infinity);
      return all.length < names.length ? null : Math.min(...all);
    },
    publish(found) {
      if (found.length === 1) one(found[0]!);
      else for (const record of inOrder(found, follows)) one(record);
      for (const record of found) {
        if (!isText(record)) continue;
        const at = placeOf(record);
        if (at) at.begun = true;
      }
    },
  };
}

/** Whether records came before, here or in an earlier run. */
const isFollowed = ({ begun, highest }: Followed): boolean => begun || highest > -Infinity;

const isText = ({ numbers }: Found): boolean => numbers === null || numbers === 'unordered';

/** What tells it from others: its id, or else all that it says. */
function textOf(found: Found, id: string): string {
  if (found.id !== null) return `${found.stream} ${id} ${found.id}`;
  const values = found.stream === 'trade' ? `${found.price} ${found.size} ${found.side}` : `${found.bid} ${found.bidSize} ${found.ask} ${found.askSize}`;
  return `${found.stream} ${id} ${found.eventTime ?? ''} ${values}`;
}

/**
 * By time, then by number. Of the past of a stream that was not followed before the newest comes first: it is where the stream
 * begins, and the others are older.
 */
function inOrder(found: readonly Found[], follows: (record: Found) => boolean): readonly Found[] {
  const sorted = [...found].sort((a, b) => (a.eventTime ?? 0) - (b.eventTime ?? 0) || (typeof a.id === 'number' && typeof b.id === 'number' ? a.id - b.id : 0));
  const begins = new Map<string, Found>();
  for (const record of sorted) {
    if (!record.past || typeof record.id !== 'number' || follows(record)) continue;
    const key = `${record.stream} ${record.symbol}`;
    const best = begins.get(key);
    if (!best || record.id > (best.id as number)) begins.set(key, record);
  }
  if (begins.size === 0) return sorted;
  const first = new Set(begins.values());
  return [...first, ...sorted.filter((record) => !first.has(record))];
}
