/** What becomes of posts that a stream missed. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { accounted, findings } from '../kit/accounts.ts';
import { losesNothing } from '../kit/outages.ts';
import { Run } from '../kit/run.ts';
import { mastodonServer, type MastodonOptions } from './server.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

const calm = { name: 'calm', rate: 20, steps: [] };

async function away(awayMs: number, options: MastodonOptions): Promise<Run> {
  const on = await new Run({ vendor: mastodonServer(options) }).start();
  run = on;
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 10_000 });
  await on.until(async () => (await on.published()).rows.length > 100, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: awayMs });
  await on.startCollector();
  return on;
}

const reported = async (on: Run) => (await on.published()).gaps.map(({ cause, missed, recovered }) => ({ cause, isWhole: missed > 0 && missed === recovered }));

test('posts of an outage are fetched from the timeline, and the record says so', async () => {
  const on = await away(30_000, {});
  await accounted(on);
  await on.until(async () => (await reported(on)).length > 0, 'the gap is reported');
  const [gap, ...more] = (await on.published()).gaps;
  expect(gap!.recovered).toBeGreaterThan(550);
  expect([await reported(on), more]).toEqual([[{ cause: 'outage', isWhole: true }], []]);
});

test('no more than the limit is fetched; the time of the others is reported', async () => {
  const on = await away(30_000, { settings: { backfill_limit: 200 } });
  await accounted(on);
  expect(await reported(on)).toEqual([{ cause: 'limit', isWhole: false }, { cause: 'outage', isWhole: true }]);
});

test('what lies further back than `replay` is not fetched, and is reported', async () => {
  const on = await away(40_000, { settings: { replay: '10s', rewind: '5s' } });
  await accounted(on);
  expect(await reported(on)).toEqual([{ cause: 'outage', isWhole: false }, { cause: 'outage', isWhole: true }]);
});

test('stopped in the middle of fetching, it goes on with what is missing', async () => {
  // The cap on requests holds the rest back for five minutes.
  const on = await away(60_000, { settings: { requests: 20, rewind: '2s' } });
  const before = (await on.published()).rows.length;
  await on.until(async () => (await on.published()).rows.length > before + 700, 'some of it was fetched');
  await on.standIn.play({ ...calm, forMs: 2000 });
  await on.collector.stop();
  expect(findings(on, await on.published()).length).toBeGreaterThan(300);
  await on.startCollector();
  await on.connected();
  await accounted(on);
});

test('a server with a lower cap than ours is given the time it asks for', async () => {
  const on = await away(20_000, { cap: 10, settings: { rewind: '2s' } });
  const begun = on.standIn.clock.now();
  await accounted(on);
  expect(on.printed.filter((line) => line.includes('answered 429'))).not.toEqual([]);
  // Two starts have taken two of ten requests, and 400 posts are more than the rest: they come in the next five minutes, after few refusals.
  expect(on.standIn.clock.now() - begun).toBeGreaterThan(200_000);
  expect(on.printed.filter((line) => line.includes('answered 429')).length).toBeLessThan(10);
});

test('a token that the server does not take ends the source, and says so', async () => {
  const on = await new Run({ vendor: mastodonServer({ settings: { access_token: { env: 'ANOTHER' } } }) }).start();
  run = on;
  await on.until(() => on.collector.status().state === 'FAILED', 'the source gives up');
  expect(on.collector.status().error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('401') as unknown });
});

test('whatever breaks, and over a restart: all posts are published, each once, and nothing is reported as lost', async () => {
  run = await new Run({ vendor: mastodonServer() }).start();
  await losesNothing(run);
});
