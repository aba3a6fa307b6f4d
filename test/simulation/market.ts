/** The market of a seed, and the source that brings it. */
import type { Source } from '#collectors';
import { ticksOf, type TickRow } from '#proto';

import { randomOf } from '../support/random.ts';

export const INSTRUMENTS = ['x:A', 'x:B', 'x:C', 'x:D'];
const START = 1_742_860_800_000_000;

/** Quotes and trades in waves, a few of them late, from the future, or no prices at all. */
export function market(count: number, seed: number): TickRow[] {
  const random = randomOf(seed ^ 0x7a11);
  return Array.from({ length: count }, (_, i): TickRow => {
    const receiptTime = START + i * 150_000;
    const odd = random.next();
    const eventTime = odd < 0.01 ? receiptTime - 120e6 : odd < 0.02 ? receiptTime + 60e6 : receiptTime - random.whole(0, 5000);
    const base = { instrument: INSTRUMENTS[random.whole(0, INSTRUMENTS.length - 1)]!, eventTime, receiptTime, sequence: i };
    const level = 100 + Math.sin(i / 9) + 0.3 * random.next();
    if (odd > 0.99) return { ...base, kind: 1, price: Number.NaN, size: 1, side: 0 };
    if (i % 5 === 4) return { ...base, kind: 1, price: level, size: random.whole(1, 4), side: i % 2 === 0 ? 1 : -1 };
    return { ...base, kind: 0, bid: level - 0.01, ask: level + 0.01, bidSize: random.whole(1, 8), askSize: 2 };
  });
}

/** Emits the market in order, a few rows at once, each with a cursor and a watermark behind it. */
export function marketSource(rows: readonly TickRow[], emissionRows: number, repeatable: boolean): Source {
  return {
    name: 'market',
    repeatable,
    async run({ cursor, signal, emit }) {
      if (cursor?.finished) return;
      for (let row = cursor?.row ?? 0; row < rows.length && !signal.aborted; ) {
        const next = Math.min(rows.length, row + emissionRows);
        const newest = rows[next - 1]!.receiptTime;
        const finished = next === rows.length;
        await emit({
          ticks: ticksOf('market', rows.slice(row, next)),
          watermark: newest + 1,
          cursor: { source: 'market', position: String(next), published: next, rows: rows.length, row: next, lap: 1, finished, shiftUs: 0, receiptTimeUs: newest, nextWatermarkUs: newest + 1, ordinals: undefined, instrument: '' },
        });
        row = next;
      }
    },
  };
}
