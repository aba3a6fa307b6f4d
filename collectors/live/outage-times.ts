/**
 * Since when each instrument is not heard of: where no numbers tell what was missed, the time of an outage is all that can be said. Positions
 * hold those under way, so that a run which ends meanwhile leaves them to the next.
 */
import type { Live } from './live.ts';

const STATE = 'down';

/** Since when an instrument is not heard of, by its position: receipt time, microseconds; 0: it is. */
export function downSince({ positions }: Pick<Live, 'positions'>, instrument: string): number {
  return (positions.begun(instrument, STATE) as number | undefined) ?? 0;
}

export interface OutageTimes {
  /**
   * Of instruments that are new, when their positions are loaded: the outage is since they were published last, or since an earlier run lost
   * them. Those that nobody collected have none.
   */
  add(instruments: readonly string[]): void;
  /** An outage began, if none is under way. Receipt time, microseconds. */
  begin(instrument: string, fromUs: number): void;
  /** Ends the outages of these: since when they were, and of whom. @param otherwise since when for those of which none is known; 0: they had none */
  end(instruments: readonly string[], otherwise?: number): ReadonlyMap<number, readonly string[]>;
  forget(instrument: string): void;
}

export function createOutageTimes(live: Pick<Live, 'positions' | 'instruments' | 'publishedUpTo'>): OutageTimes {
  const { positions, instruments: set, publishedUpTo } = live;
  const since = new Map<string, number>();
  /** Instruments that are there from the start were perhaps collected before; those that come later were not, unless the set says so. */
  let begun = false;

  function begin(instrument: string, fromUs: number): void {
    if (since.has(instrument)) return;
    since.set(instrument, fromUs);
    positions.move(instrument, STATE, fromUs);
  }

  return {
    add(instruments) {
      for (const instrument of instruments) {
        const before = set.covered?.(instrument) ?? (begun ? 0 : publishedUpTo);
        if (before > 0) begin(instrument, Math.min(before, downSince(live, instrument) || Infinity));
      }
      begun = true;
    },
    begin,
    end(instruments, otherwise = 0) {
      const ended = new Map<number, string[]>();
      for (const instrument of instruments) {
        const from = since.get(instrument) ?? otherwise;
        if (since.delete(instrument)) positions.move(instrument, STATE, undefined);
        if (from === 0) continue;
        const same = ended.get(from);
        if (same) same.push(instrument);
        else ended.set(from, [instrument]);
      }
      return ended;
    },
    forget: (instrument) => void since.delete(instrument),
  };
}
