/** Asks again and again: at a steady interval while it works, by the ladders when it does not. */
import { asForetickError, type ForetickError } from '#proto';

import { hasAborted } from '../clock.ts';
import type { Live } from '../live/live.ts';
import { BackOff, type FailureCause, type Ladders } from './ladder.ts';

export interface PollPlan {
  /** For logs and metrics. */
  readonly name: string;
  readonly intervalMs: number;
  readonly ladders?: Ladders;
  /**
   * One round; throws SOURCE_UNAVAILABLE for what passes (details: `status`, `retryAfterMs`, `silent`). SOURCE_REFUSED ends the source before its
   * first whole round; later it passes, too: what was answered before is not configured wrongly.
   */
  readonly round: () => Promise<void>;
}

/** Returns when `signal` aborts. Throws what no further try can mend. */
export async function poll(live: Live, { name, intervalMs, ladders = {}, round }: PollPlan, signal: AbortSignal): Promise<void> {
  const { clock, environment } = live;
  const backOff = new BackOff(ladders, environment.random);
  let attempt = 0;
  let good = false;
  let wasGood = false;
  while (!signal.aborted) {
    const begun = clock.now();
    attempt++;
    await live.out.room(signal);
    try {
      await round();
      if (!good) live.observe({ type: 'connected', connection: name, attempt });
      good = wasGood = true;
      attempt = 0;
      backOff.reset();
      await clock.sleep(Math.max(0, intervalMs - (clock.now() - begun)), signal);
    } catch (thrown) {
      if (hasAborted(signal)) break;
      const error = asForetickError(thrown);
      if (!error.retriable && !(wasGood && error.code === 'SOURCE_REFUSED')) throw error;
      good = false;
      const cause = causeOf(error);
      const asked = error.details['retryAfterMs'];
      const delayMs = Math.max(backOff.next(cause), typeof asked === 'number' ? asked : 0);
      live.observe({ type: 'disconnected', connection: name, cause, message: environment.redact(error.message), delayMs });
      await clock.sleep(delayMs, signal);
    }
  }
  live.observe({ type: 'disconnected', connection: name, cause: 'closed', message: 'stopping', delayMs: 0 });
}

/** Which ladder an error that passes climbs. */
export function causeOf({ details }: ForetickError): FailureCause {
  const status = details['status'];
  if (details['silent'] === true) return 'silent';
  return status === 429 ? 'rate-limited' : typeof status === 'number' ? 'http-error' : 'unreachable';
}
