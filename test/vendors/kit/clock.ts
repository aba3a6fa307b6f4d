/** A clock that runs faster than the wall's: vendors' real numbers (5 s to subscribe, 60 s of silence) in short tests. */
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from '#collectors';

export function fastClock(factor: number): Clock {
  const begun = performance.now();
  const origin = Date.now();
  return {
    now: () => origin + (performance.now() - begun) * factor,
    async sleep(ms, signal) {
      try {
        await delay(ms / factor, undefined, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}
