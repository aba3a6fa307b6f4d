/** Outages, one after another, for sources that can fetch all that one takes. */
import assert from 'node:assert/strict';

import type { Run } from './run.ts';

/** Whatever breaks, and over a restart: all that was due is published, each record once, and nothing is reported as lost. */
export async function losesNothing(on: Run): Promise<void> {
  await on.connected();
  await on.standIn.play({
    name: 'outages',
    forMs: 150_000,
    rate: 10,
    steps: [{ at: 10_000, fault: 'cut' }, { at: 25_000, fault: 'half-open' }, { at: 70_000, fault: 'refuse', forMs: 3000 }, { at: 85_000, fault: 'status', status: 503, forMs: 4000 }, { at: 120_000, fault: 'reorder', frames: 5 }, { at: 125_000, fault: 'cut' }],
  });
  await on.collector.stop();
  await on.standIn.play({ name: 'away', forMs: 15_000, rate: 10, steps: [] });
  await on.startCollector();
  await on.connected();
  const due = on.standIn.ledger.entries.filter((entry) => entry.due).map(({ key }) => key);
  let missing: string[] = due;
  await on
    .until(async () => {
      const rows = new Set((await on.published()).rows);
      missing = due.filter((key) => !rows.has(key));
      return missing.length === 0;
    }, 'all are published')
    .catch(async () => {
      throw new Error([`${missing.length} of ${due.length} are missing`, ...missing.slice(0, 5), ...(await on.story())].join('\n'));
    });
  const { rows, gaps } = await on.published();
  assert.ok(due.length > 1500, `only ${due.length} were due`);
  assert.equal(new Set(rows).size, rows.length);
  assert.deepEqual(gaps.filter(({ missed, recovered }) => missed === 0 || missed > recovered), []);
}
