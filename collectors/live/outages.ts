/**
 * Outages of streams without numbers whose records the vendor can be asked for afterwards, by time: fetched, and what became
 * of them reported. Positions hold those under way: a run that ends meanwhile leaves them to the next, which reports them.
 */
import { asForetickError } from '#proto';

import { hasAborted } from '../clock.ts';
import type { Live } from './live.ts';

export interface Outage {
  readonly stream: string;
  readonly instruments: readonly string[];
  /** Receipt times, microseconds. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly cause: string;
}

export interface OutagesOptions {
  readonly stream: string;
  /** Time until the vendor has all of it, milliseconds. @default 3000 */
  readonly settleMs?: number;
  /** Times it is asked for. @default 5 */
  readonly tries?: number;
  /**
   * Fetches what happened in this time, a little wider, and publishes what is new. Returns how many records were; null when the
   * vendor will not give them. SOURCE_UNAVAILABLE: asked again.
   */
  readonly fetch: (outage: Outage, signal: AbortSignal) => Promise<number | null>;
}

export interface Outages {
  /** False: of before this run, when it is not known which records near its ends were published. */
  take(outage: Outage): boolean;
  /** Reports those that an earlier run left. */
  resume(instruments: readonly string[]): void;
}

export function createOutages(live: Live, { stream, settleMs = 3000, tries = 5, fetch }: OutagesOptions): Outages {
  const { clock, signal, positions } = live;
  const state = `${stream}-outages`;
  const pending = new Map<string, Set<Outage>>();

  function remember({ instruments }: Outage, change: (of: Set<Outage>) => void): void {
    for (const instrument of instruments) {
      const of = pending.get(instrument) ?? new Set();
      pending.set(instrument, of);
      change(of);
      positions.move(instrument, state, [...of].map(({ fromUs, toUs }) => [fromUs, toUs]));
    }
  }

  async function mend(outage: Outage): Promise<void> {
    await clock.sleep(settleMs, signal);
    let recovered = 0;
    let complete = false;
    for (let attempt = 1; attempt <= tries && !hasAborted(signal) && !complete; attempt++) {
      try {
        const count = await fetch(outage, signal);
        if (count === null) break;
        recovered += count;
        complete = true;
      } catch (thrown) {
        if (hasAborted(signal)) return;
        const error = asForetickError(thrown);
        live.observe({ type: 'note', message: live.environment.redact(`fetching what an outage took failed: ${error.message}`) });
        if (!error.retriable) break;
        const asked = error.details['retryAfterMs'];
        await clock.sleep(Math.max(1000 * 2 ** attempt, typeof asked === 'number' ? asked : 0), signal);
      }
    }
    if (hasAborted(signal)) return;
    remember(outage, (of) => of.delete(outage));
    const about = { ...outage, instruments: [...outage.instruments] };
    if (!complete) live.gapClosed(about);
    else if (recovered > 0) live.gapClosed({ ...about, missed: recovered, recovered });
  }

  return {
    take(outage) {
      if (outage.stream !== stream || outage.fromUs <= live.publishedUpTo) return false;
      remember(outage, (of) => of.add(outage));
      void mend(outage);
      return true;
    },
    resume(instruments) {
      for (const instrument of instruments) {
        const left = positions.begun(instrument, state) as readonly (readonly [number, number])[] | undefined;
        if (!left || left.length === 0) continue;
        for (const [fromUs, toUs] of left) live.gapClosed({ stream, instruments: [instrument], fromUs, toUs, cause: 'disconnected' });
        positions.move(instrument, state, []);
      }
    },
  };
}
