/** What becomes of a cursor: gone on with, moved by the vendor without a word, too old to be asked for. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { accounted } from '../kit/accounts.ts';
import { losesNothing } from '../kit/outages.ts';
import type { Published } from '../kit/published.ts';
import { Run } from '../kit/run.ts';
import { jetstream, type JetstreamOptions } from './jetstream.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const calm = { name: 'calm', rate: 20, steps: [] };

/** Collects for a while, is away for `awayMs`, and comes back. */
async function away(awayMs: number, options: JetstreamOptions): Promise<{ readonly on: Run; readonly published: Published; readonly before: number }> {
  const on = await new Run({ vendor: jetstream(options) }).start();
  run = on;
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 10_000 });
  await on.until(async () => (await on.published()).rows.length > 100, 'posts are published');
  await on.collector.stop();
  const before = (await on.published()).rows.length;
  await on.standIn.play({ ...calm, forMs: awayMs });
  await on.startCollector();
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await accounted(on);
  return { on, published: await on.published(), before };
}

test('posts of an outage are fetched by cursor, each once, and there is no gap', async () => {
  const { published, before } = await away(30_000, {});
  expect(published.rows.length).toBeGreaterThan(before + 550);
  expect(published.gaps).toEqual([]);
});

test('a cursor that is too old is moved without a word: the first event shows it, and the time is reported', async () => {
  const { published } = await away(40_000, { lookbackMs: 15_000 });
  expect(published.gaps).toMatchObject([{ stream: 'post', cause: 'cursor', missed: 0 }]);
  const { fromUs, toUs } = published.gaps[0]!;
  expect((toUs - fromUs) / 1e6).toBeGreaterThan(15);
});

test('what lies further back than `replay` is not asked for, and is reported', async () => {
  const { published } = await away(40_000, { settings: { replay: '10s' } });
  expect(published.gaps).toMatchObject([{ stream: 'post', cause: 'outage', missed: 0 }]);
});

test('whatever breaks, and over a restart: all posts are published, each once, and nothing is reported as lost', async () => {
  run = await new Run({ vendor: jetstream() }).start();
  await losesNothing(run);
});
