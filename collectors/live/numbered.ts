/**
 * A stream whose records carry numbers that rise by one, an instrument at a time: trades by trade id. Publishes each number
 * once, notices what is missing, lets late arrivals and a back-fill fill it, and reports to the record what stays missing.
 */
import { asForetickError } from '#proto';

import { hasAborted } from '../clock.ts';
import type { Range } from '../integrity/ranges.ts';
import { Sequence, type SequenceState } from '../integrity/sequence.ts';
import type { Live } from './live.ts';
import { downSince } from './outage-times.ts';

export interface NumberedOptions {
  /** `trade` */
  readonly stream: string;
  /** Under which name positions are kept: one for each numbering. @default that of the stream */
  readonly numbering?: string;
  /**
   * Fetches what is missing and hands each record to `publish`, like any other. Returns false when the vendor
   * does not have (all of) it and asking again makes no sense. SOURCE_UNAVAILABLE: asked again.
   */
  readonly backfill?: (instrument: string, missing: readonly Range[], signal: AbortSignal) => Promise<boolean>;
  /** How long missing numbers may still arrive by themselves. @default 2000 */
  readonly graceMs?: number;
  /** Times a back-fill is asked for. @default 5 */
  readonly tries?: number;
  /** A gap of more numbers is not fetched but reported. @default 10_000 */
  readonly largest?: number;
}

export interface Numbered {
  readonly stream: string;
  /** Whether it is known which number comes next; else what is missed cannot be noticed. */
  follows(instrument: string): boolean;
  /** Runs `write` if the record is new. One that finds no room counts as missing, and is fetched like others. */
  publish(instrument: string, number: number, write: () => void): void;
  /** The same for a record of the past, sent on subscribing: news only if the stream was followed before. */
  publishPast(instrument: string, number: number, write: () => void): void;
  /** The vendor says that numbers up to this one exist (a heartbeat): those that were not seen are missing. */
  expect(instrument: string, number: number): void;
  /** Goes on where an earlier run stopped. Call it when the positions of these instruments are loaded. */
  resume(instruments: readonly string[]): void;
  forget(instrument: string): void;
}

interface Followed {
  readonly sequence: Sequence;
  /** Receipt time of the newest record. */
  receipt: number;
  /** Records in the gap being repaired, and when it was seen. */
  repair: { fromUs: number; toUs: number; cause: string } | null;
  /** How many that were missing came after all, since the repair began. */
  recovered: number;
}

export function createNumbered(live: Live, options: NumberedOptions): Numbered {
  const { stream, numbering = stream, backfill, graceMs = 2000, tries = 5, largest = 10_000 } = options;
  const followed = new Map<string, Followed>();

  function begin(instrument: string, sequence: Sequence): Followed {
    const one: Followed = { sequence, receipt: live.covered(instrument), repair: null, recovered: 0 };
    followed.set(instrument, one);
    return one;
  }

  /** Where its numbers begin in an outage they do not tell what it took: its time is reported, with the first of them. */
  function beginAfter(instrument: string, number: number): Followed {
    const fromUs = downSince(live, instrument);
    if (fromUs > 0) live.gapClosed({ stream, instruments: [instrument], fromUs, toUs: live.out.receipt, cause: 'disconnected' });
    return begin(instrument, Sequence.after(number));
  }

  function publish(instrument: string, number: number, write: () => void): void {
    if (!accept(instrument, number) || live.out.attempt(write)) return;
    const one = followed.get(instrument)!;
    one.sequence.putBack(number);
    opened(instrument, one, { first: number, last: number, cause: 'overflow' });
  }

  /** Frames and answers of instruments that were let go may still be under way. */
  function isGone(instrument: string, records = 1): boolean {
    if (!live.positions.isGone(instrument)) return false;
    live.out.skip('not-collected', records);
    return true;
  }

  function accept(instrument: string, number: number): boolean {
    if (isGone(instrument)) return false;
    const { receipt } = live.out;
    const one = followed.get(instrument) ?? beginAfter(instrument, number - 1);
    const { sequence } = one;
    const before = sequence.last;
    if (!sequence.accept(number)) {
      live.out.skip('repeat');
      return false;
    }
    live.positions.move(instrument, numbering, sequence);
    if (number > before + 1) opened(instrument, one, { first: before + 1, last: number - 1, cause: 'sequence' });
    else if (number <= before) one.recovered++;
    one.receipt = Math.max(one.receipt, receipt);
    return true;
  }

  function opened(instrument: string, one: Followed, { first, last, cause }: { first: number; last: number; cause: string }): void {
    const toUs = Math.max(live.out.receipt, one.receipt);
    const fromUs = one.receipt === 0 ? toUs : one.receipt;
    const about = { stream, instruments: [instrument], fromUs, toUs, cause };
    // Of an overflow each record would be told.
    if (!one.repair || cause !== 'overflow') live.gapOpened({ ...about, first, last, missed: last - first + 1 });
    for (const [from, to] of one.sequence.trim()) live.gapClosed({ ...about, first: from, last: to, missed: to - from + 1, recovered: 0 });
    if (one.repair) {
      one.repair.toUs = toUs;
      return;
    }
    one.repair = { fromUs, toUs, cause };
    void repair(instrument, one);
  }

  /** Never rejects: what it cannot mend it reports. */
  async function repair(instrument: string, one: Followed): Promise<void> {
    const { signal, clock } = live;
    for (;;) {
      await clock.sleep(graceMs, signal);
      // Stopped: the position says what is missing, and the next run goes on with it.
      if (signal.aborted || followed.get(instrument) !== one) return;
      const asked = one.sequence.missing.list().at(-1)?.[1];
      if (asked !== undefined) {
        await fetchMissing(instrument, one, asked);
        if (hasAborted(signal) || followed.get(instrument) !== one) return;
      }
      close(instrument, one, asked);
      if (one.sequence.missing.empty) break;
    }
    one.repair = null;
  }

  async function fetchMissing(instrument: string, one: Followed, upTo: number): Promise<void> {
    if (!backfill) return;
    const { signal, clock } = live;
    for (let attempt = 1; attempt <= tries && !signal.aborted; attempt++) {
      const missing = one.sequence.missing.list().filter(([first]) => first <= upTo);
      const count = missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      if (count === 0 || count > largest) return;
      try {
        if (!(await backfill(instrument, missing, signal))) return;
        // What it does not have yet comes a moment later.
        if (attempt < tries && one.sequence.missing.list().some(([first]) => first <= upTo)) await clock.sleep(1000 * 2 ** (attempt - 1), signal);
      } catch (thrown) {
        const error = asForetickError(thrown);
        live.observe({ type: 'note', message: `back-fill of ${instrument} failed: ${error.message}` });
        if (!error.retriable) return;
        await clock.sleep(1000 * 2 ** attempt, signal);
      }
    }
  }

  /** Reports what became of the gap up to `asked`; what is still missing of it is given up. */
  function close(instrument: string, one: Followed, asked: number | undefined): void {
    const { fromUs, toUs, cause } = one.repair!;
    const left = asked === undefined ? [] : one.sequence.giveUp(asked);
    if (left.length > 0) live.positions.move(instrument, numbering, one.sequence);
    const about = { stream, instruments: [instrument], fromUs, toUs, cause };
    for (const [first, last] of left) live.gapClosed({ ...about, first, last, missed: last - first + 1, recovered: 0 });
    if (one.recovered > 0) live.gapClosed({ ...about, missed: one.recovered, recovered: one.recovered });
    one.recovered = 0;
  }

  return {
    stream,
    follows: (instrument) => followed.has(instrument),
    publish,
    expect(instrument, number) {
      if (isGone(instrument, 0)) return;
      const one = followed.get(instrument) ?? beginAfter(instrument, number);
      const { last } = one.sequence;
      if (number <= last) return;
      one.sequence.expect(number);
      live.positions.move(instrument, numbering, one.sequence);
      opened(instrument, one, { first: last + 1, last: number, cause: 'heartbeat' });
    },
    publishPast(instrument, number, write) {
      if (followed.has(instrument)) {
        publish(instrument, number, write);
        return;
      }
      if (isGone(instrument)) return;
      live.positions.move(instrument, numbering, beginAfter(instrument, number).sequence);
      live.out.skip('stale');
    },
    resume(instruments) {
      for (const instrument of instruments) {
        const state = live.positions.begun(instrument, numbering) as SequenceState | undefined;
        if (!state || followed.has(instrument)) continue;
        const one = begin(instrument, Sequence.from(state));
        if (one.sequence.missing.empty) continue;
        one.repair = { fromUs: live.covered(instrument), toUs: live.receipt(), cause: 'sequence' };
        void repair(instrument, one);
      }
    },
    forget: (instrument) => void followed.delete(instrument),
  };
}
