/** The mode without a stream: searches again and again, each from a little before what the last one covered. */

import { poll } from '../../connect/poll.ts';
import { idAt } from './ids.ts';
import { LADDERS } from './ladders.ts';
import type { XParts } from './source.ts';

/** Returns when the source stops. Throws what no further try can mend. */
export async function runSearch({ live, read, stretch, searching, moved }: XParts): Promise<void> {
  async function round(): Promise<void> {
    const begunUs = live.receipt();
    if (stretch.last === null) searching.begin(begunUs);
    // What is published stands ahead of what is covered, until all queries are answered.
    stretch.hold();
    const upTo = idAt(begunUs);
    const from = searching.from(begunUs);
    await searching.all({ since_id: String(from - 1n) }, from, upTo);
    stretch.advance(upTo);
    stretch.release();
    moved();
  }

  await poll(
    live,
    {
      name: `${live.name}/search`,
      intervalMs: read.search_interval / 1000,
      ladders: LADDERS,
      round,
    },
    live.signal,
  );
}
