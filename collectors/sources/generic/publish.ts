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

/** Texts of records without numbers that are remembered, of all instruments together. */
const REMEMBERED = 65_536;

export function createPublisher({ live, venue, records, maxSnapshotAge, graceMs, nameOf }: PublisherOptions): Publisher {
  const { out, positions } = live;
  const streams = [...new Set(records.map(({ kind }) => kind))];
  const byOne = streams.filter((stream) => records.some(({ kind, sequence }) => kind === stream && sequence?.numbers === 'by-one'));
  const numbered = new Map<string, Numbered>(byOne.map((stream) => [stream, createNumbered(live, { stream, ...(graceMs !== undefined && { graceMs }) })]));
  /** By stream and instrument: the highest number or id so far. */
  const highest = new Map<string, number>();
  const rising = new Map<string, RisingIds>();
  const texts = new RecentTexts(REMEMBERED);
  /** Streams and instruments whose records are told by texts, and of which some came before this frame. */
  const begun = new Set<string>();
  /** By stream and instrument: the newest of those that have neither number nor time. */
  const newest = new Map<string, string>();
  const instrument = (symbol: string): string => `${venue}:${symbol}`;
  const idOf = ({ symbol }: Found): string => instrument(nameOf(symbol) ?? symbol);

  /** -Infinity when it was not followed, here or in an earlier run. The positions are loaded. */
  function highestOf(stream: string, id: string): number {
    return highest.get(`${stream} ${id}`) ?? (positions.begun(id, stream) as { readonly last: number } | undefined)?.last ?? -Infinity;
  }

  const follows = (found: Found): boolean => begun.has(`${found.stream} ${idOf(found)}`) || highestOf(found.stream, idOf(found)) > -Infinity;

  function write(found: Found, id: string): void {
    const at = found.eventTime ?? out.receipt;
    const sequence = typeof found.id === 'number' ? found.id : 0;
    if (found.stream === 'trade') out.trade(id, at, sequence, found.price, found.size, found.side);
    else out.quote(id, at, sequence, found.bid, found.bidSize, found.ask, found.askSize);
  }

  function one(found: Found): void {
    const name = nameOf(found.symbol);
    if (name === null) {
      out.skip('not-collected');
      return;
    }
    if (found.stream === 'quote' && (found.bid === 0 || found.ask === 0)) {
      out.skip('one-sided');
      return;
    }
    const id = instrument(name);
    const stream = numbered.get(found.stream);
    if (found.numbers === 'by-one' && stream) {
      const number = found.id as number;
      const writes = (): void => { write(found, id); };
      if (found.past) stream.publishPast(id, number, writes);
      else stream.publish(id, number, writes);
      raise(`${found.stream} ${id}`, number);
    } else if (found.numbers === 'rising') {
      byRising(found, id);
    } else if (!isNew(found, id)) {
      out.skip('repeat');
    } else if (isStale(found, id)) {
      out.skip('stale');
    } else {
      write(found, id);
    }
  }

  function byRising(found: Found, id: string): void {
    const key = `${found.stream} ${id}`;
    const number = found.id as number;
    const last = highestOf(found.stream, id);
    const begins = last === -Infinity;
    const seen = rising.get(key) ?? new RisingIds(begins ? number - 1 : last);
    rising.set(key, seen);
    // An older quote is of no use.
    if (!seen.accept(number) || (found.stream === 'quote' && number < last)) {
      out.skip('repeat');
      return;
    }
    const stale = isStale(found, id);
    raise(key, number);
    positions.move(id, found.stream, { last: seen.last });
    if (stale) out.skip('stale');
    else write(found, id);
  }

  /** Trades of the past are news only if their stream was followed before: see `follows`. */
  function isStale(found: Found, id: string): boolean {
    if (!found.past) return false;
    return found.stream === 'trade' ? !follows(found) : found.eventTime === null || !live.isNews(id, found.eventTime, maxSnapshotAge);
  }

  function isNew(found: Found, id: string): boolean {
    const text = textOf(found, id);
    if (found.id !== null || found.eventTime !== null) return texts.accept(text);
    // Without a time the same values may come again, later, and mean something.
    const key = `${found.stream} ${id}`;
    if (newest.get(key) === text) return false;
    newest.set(key, text);
    return true;
  }

  function raise(key: string, number: number): void {
    highest.set(key, Math.max(highest.get(key) ?? -Infinity, number));
  }

  return {
    numbered: [...numbered.values()],
    unnumbered: streams.filter((stream) => !byOne.includes(stream)),
    instrument,
    forget(id) {
      for (const stream of streams) {
        begun.delete(`${stream} ${id}`);
        highest.delete(`${stream} ${id}`);
        rising.delete(`${stream} ${id}`);
        newest.delete(`${stream} ${id}`);
      }
    },
    follows,
    isKnown: (found) => (typeof found.id === 'number' && found.numbers !== 'unordered' ? found.id <= highestOf(found.stream, idOf(found)) : texts.has(textOf(found, idOf(found)))),
    highest(names) {
      const all = names.flatMap((name) => streams.map((stream) => highestOf(stream, instrument(name)))).filter((last) => last > -Infinity);
      return all.length < names.length ? null : Math.min(...all);
    },
    publish(found) {
      if (found.length === 1) one(found[0]!);
      else for (const record of inOrder(found, follows)) one(record);
      for (const record of found) if (isText(record) && nameOf(record.symbol) !== null) begun.add(`${record.stream} ${idOf(record)}`);
    },
  };
}

const isText = ({ numbers }: Found): boolean => numbers === null || numbers === 'unordered';

/** What tells it from others: its id, or else all that it says. */
function textOf(found: Found, id: string): string {
  if (found.id !== null) return `${found.stream} ${id} ${found.id}`;
  const values = found.stream === 'trade' ? [found.price, found.size, found.side] : [found.bid, found.bidSize, found.ask, found.askSize];
  return `${found.stream} ${id} ${found.eventTime ?? ''} ${values.join(' ')}`;
}

/**
 * By time, then by number. Of the past of a stream that was not followed before the newest comes first: it is where the stream
 * begins, and the others are older.
 */
function inOrder(found: readonly Found[], follows: (record: Found) => boolean): Found[] {
  const sorted = [...found].sort((a, b) => (a.eventTime ?? 0) - (b.eventTime ?? 0) || (typeof a.id === 'number' && typeof b.id === 'number' ? a.id - b.id : 0));
  const begins = new Map<string, Found>();
  for (const record of sorted) {
    const key = `${record.stream} ${record.symbol}`;
    const best = begins.get(key);
    if (record.past && typeof record.id === 'number' && !follows(record) && (!best || record.id > (best.id as number))) begins.set(key, record);
  }
  if (begins.size === 0) return sorted;
  const first = new Set(begins.values());
  return [...first, ...sorted.filter((record) => !first.has(record))];
}
