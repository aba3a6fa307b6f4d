/** Asking a vendor again for what it would not give. */
import { asForetickError } from '#proto';

import { hasAborted } from '../clock.ts';
import type { Live } from './live.ts';

const LONGEST_DELAY_MS = 60_000;

/** What `ask` gives, asked up to `tries` times in growing steps after errors that pass; null when it is refused, given up, or `signal` aborts. What it says is noted. @param signal @default that of the source */
export async function askAgain<T>(live: Live, what: string, tries: number, ask: () => Promise<T>, signal = live.signal): Promise<T | null> {
  const { clock, environment } = live;
  for (let attempt = 1; attempt <= tries && !hasAborted(signal); attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (hasAborted(signal)) return null;
      const error = asForetickError(thrown);
      live.observe({ type: 'note', message: environment.redact(`${what} failed: ${error.message}`) });
      if (!error.retriable) return null;
      // How long the vendor wants to be left alone is the limiter's affair.
      await clock.sleep(Math.min(LONGEST_DELAY_MS, 1000 * 2 ** (attempt - 1)), signal);
    }
  }
  return null;
}
