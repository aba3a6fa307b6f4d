/**
 * The last trades before a silence: Binance sends nothing on subscribing and names no trade in a heartbeat, so that what an
 * outage took of a symbol that does not trade afterwards would be noticed hours later. After each connection, and when
 * instruments are added to one, the newest trade of such symbols is asked for.
 */
import { askAgain } from '../../live/again.ts';
import type { Live } from '../../live/live.ts';
import type { Numbered } from '../../live/numbered.ts';
import type { Backfill } from './backfill.ts';
import type { Rows } from './rows.ts';

/** What trades by then tells by itself. */
const GRACE_MS = 3000;
const TRIES = 5;

export interface CatchUpOptions {
  readonly live: Live;
  readonly symbols: readonly string[];
  readonly rows: Rows;
  readonly backfill: Backfill;
  readonly trades: Numbered;
  readonly instrument: (symbol: string) => string;
  /** Of the connection. */
  readonly signal: AbortSignal;
}

/** Never rejects. */
export async function catchUp({ live, symbols, rows, backfill, trades, instrument, signal }: CatchUpOptions): Promise<void> {
  const since = live.receipt();
  await live.clock.sleep(GRACE_MS, signal);
  for (const symbol of symbols) {
    const of = instrument(symbol);
    if (signal.aborted || !trades.follows(of) || rows.tradedAt(symbol) >= since) continue;
    const newest = await askAgain(live, `asking for the newest trade of ${of}`, TRIES, () => backfill.newest(of, signal), signal);
    if (newest !== null && trades.follows(of)) trades.expect(of, newest);
  }
}
