/** Random edits of recorded events after a point. */
import { TickKind, type TickRow } from '#proto';
import fc from 'fast-check';

export const EDITS = ['price', 'size', 'side', 'drop', 'insert', 'delay', 'instrument'] as const;

export interface Edit {
  readonly kind: (typeof EDITS)[number];
  /** Rows after the point. */
  readonly after: number;
  readonly amount: number;
}

export const editsOf = (reach: number): fc.Arbitrary<Edit[]> =>
  fc.array(
    fc.record({ kind: fc.constantFrom(...EDITS), after: fc.nat(reach), amount: fc.double({ min: 0.5, max: 2, noNaN: true }) }),
    { minLength: 1, maxLength: 6 },
  );

/** The rows with the edits; rows up to `point` stay as they are. */
export function edited(rows: readonly TickRow[], point: number, edits: readonly Edit[]): TickRow[] {
  const result = [...rows];
  for (const { kind, after, amount } of edits) {
    const at = Math.min(result.length - 1, point + after);
    const row = result[at];
    if (at < point || !row) continue;
    switch (kind) {
      case 'drop':
        result.splice(at, 1);
        break;
      case 'insert':
        result.splice(at, 0, priced(row, amount));
        break;
      default:
        result[at] = changed(row, kind, amount);
    }
  }
  return result;
}

function changed(row: TickRow, kind: Exclude<Edit['kind'], 'drop' | 'insert'>, amount: number): TickRow {
  switch (kind) {
    case 'price':
      return priced(row, amount);
    case 'size':
      return { ...row, size: (row.size ?? 0) * amount, bidSize: (row.bidSize ?? 0) * amount, askSize: (row.askSize ?? 0) / amount };
    case 'side':
      return { ...row, side: -(row.side ?? 0) };
    case 'delay':
      return { ...row, receiptTime: row.receiptTime + Math.round(amount * 1e6) };
    case 'instrument':
      return { ...row, instrument: 'binance:NEW-USDT' };
  }
}

function priced(row: TickRow, by: number): TickRow {
  if (row.kind === TickKind.TRADE) return { ...row, price: (row.price ?? 0) * by };
  return { ...row, bid: (row.bid ?? 0) * by, ask: (row.ask ?? 0) * by };
}
