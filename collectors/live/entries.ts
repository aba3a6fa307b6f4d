/** Frames that hold several records. */
import { asForetickError } from '#proto';

import type { Outbox } from './outbox.ts';

/** Takes each of them. Those that cannot be read do not spoil the others: the frame is one dead letter, for the first of them. */
export function takeEach<T>(out: Outbox, entries: readonly T[], take: (entry: T, i: number) => void): void {
  let broken = false;
  entries.forEach((entry, i) => {
    try {
      take(entry, i);
    } catch (thrown) {
      const error = asForetickError(thrown);
      if (error.code !== 'MALFORMED_RECORD' && error.code !== 'VALUE_OUT_OF_RANGE') throw error;
      if (!broken) out.reject(error.code, error.message);
      broken = true;
    }
  });
}
