/**
 * How far a source got, instrument by instrument: each position goes out in the emission of the rows it covers, and is
 * what the next run, here or in another process, goes on from.
 */
import { Cursor } from '#proto';

import type { SourceContext } from '../port.ts';

export interface Positions {
  /** Reads what was committed of these instruments, unless it was read before. */
  load(instruments: readonly string[]): Promise<void>;
  /** What an earlier run moved stream `stream` of the instrument to; undefined when there is nothing. */
  begun(instrument: string, stream: string): unknown;
  /** Goes out with the rows written since the last emission, as JSON of what it is by then. */
  move(instrument: string, stream: string, state: unknown): void;
  /** Drops what is known of an instrument that is collected elsewhere from now on; where it stood still goes out. It does not move until it is loaded again. */
  forget(instrument: string): void;
  /** Whether it was forgotten, and not loaded since: what still comes of it is not ours. */
  isGone(instrument: string): boolean;
  /** Position of the source as a whole; as a function it is read when it goes out. */
  moveSource(position: string | (() => string)): void;
  /** Cursors of what moved since the last call. */
  take(receiptTimeUs: number): Cursor[];
  /** What the last `take` gave is durable. */
  committed(): void;
  /** The source's cursor if it moved since the last call, or when `always`; null otherwise. */
  takeSource(always: boolean, receiptTimeUs: number): Cursor | null;
}

export function createPositions(source: string, { cursor, cursors }: Pick<SourceContext, 'cursor' | 'cursors'>): Positions {
  const known = new Map<string, Record<string, unknown>>();
  const moved = new Set<string>();
  const gone = new Set<string>();
  const last = new Map<string, Record<string, unknown>>();
  /** Where those stood that were forgotten, as JSON, until that is durable: what is committed of them is older. */
  const left = new Map<string, string>();
  let taken: readonly (readonly [instrument: string, position: string])[] = [];
  let position: string | (() => string) = cursor?.position ?? '';
  let sourceMoved = false;
  return {
    async load(instruments) {
      const missing = instruments.filter((instrument) => !known.has(instrument));
      const own = new Map(left);
      const found = await cursors(missing);
      for (const instrument of instruments) gone.delete(instrument);
      for (const instrument of missing) {
        const text = own.get(instrument) ?? found.get(instrument)?.position;
        known.set(instrument, text === undefined ? {} : (JSON.parse(text) as Record<string, unknown>));
      }
    },
    begun: (instrument, stream) => known.get(instrument)?.[stream],
    move(instrument, stream, state) {
      if (gone.has(instrument)) return;
      let streams = known.get(instrument);
      if (!streams) {
        streams = {};
        known.set(instrument, streams);
      }
      streams[stream] = state;
      moved.add(instrument);
    },
    forget(instrument) {
      if (moved.delete(instrument)) last.set(instrument, known.get(instrument)!);
      if (known.has(instrument)) left.set(instrument, JSON.stringify(known.get(instrument)));
      known.delete(instrument);
      gone.add(instrument);
    },
    isGone: (instrument) => gone.has(instrument),
    moveSource(next) {
      position = next;
      sourceMoved = true;
    },
    take(receiptTimeUs) {
      taken = [...left];
      const cursorsOf = [...last, ...[...moved].map((instrument) => [instrument, known.get(instrument)!] as const)];
      moved.clear();
      last.clear();
      return cursorsOf.map(([instrument, streams]) => Cursor.fromPartial({ source, instrument, receiptTimeUs, position: JSON.stringify(streams) }));
    },
    committed() {
      // It may have come and gone once more since.
      for (const [instrument, text] of taken) if (left.get(instrument) === text) left.delete(instrument);
      taken = [];
    },
    takeSource(always, receiptTimeUs) {
      if (!sourceMoved && !always) return null;
      sourceMoved = false;
      return Cursor.fromPartial({ source, position: typeof position === 'string' ? position : position(), receiptTimeUs });
    },
  };
}
