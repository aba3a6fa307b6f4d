/** What the source does by Reddit's rules: tokens, counts, the User-Agent, things that are gone, edits, listings with an end. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { accounted } from '../kit/accounts.ts';
import { losesNothing } from '../kit/outages.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { createReddit, type RedditOptions, type RedditStandIn } from './stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

async function begin(options: RedditOptions = {}, more: Partial<RunOptions> = {}): Promise<{ readonly on: Run; readonly reddit: RedditStandIn }> {
  const reddit = createReddit(options);
  run = await new Run({ vendor: reddit.vendor, ...more }).start();
  return { on: run, reddit };
}

const STOCKS = { subreddits: ['stocks'], listings: ['new'] };
const calm = { name: 'calm', rate: 20, steps: [] };
const texts = async (on: Run): Promise<string[]> => (await on.published()).rows.map((row) => row.replace(/ @\d+$/, ''));
const listed = (reddit: RedditStandIn, path: string) => reddit.log.filter((entry) => entry.path.startsWith(path));
const never = new AbortController().signal;
test('a token is renewed before it ends, and once when it ends before its time', async () => {
  const { on, reddit } = await begin({ tokenS: 60 }, { settings: { ...STOCKS, interval: '5s' } });
  await on.connected();
  await on.until(() => reddit.tokens() === 4, 'tokens are renewed');
  expect(reddit.log.filter(({ status }) => status !== 200)).toEqual([]);
  reddit.revoke();
  await on.until(() => reddit.tokens() === 5, 'another one is asked for');
  await on.until(() => reddit.log.slice(-2).every(({ status }) => status === 200), 'it goes on');
  expect(reddit.log.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual([401]);
  expect(on.events.filter(({ type }) => type === 'disconnected')).toEqual([]);
  // No record, log line or status holds a token.
  expect([...on.printed, JSON.stringify(on.collector.status())].join('\n')).not.toContain('eyJhbGci');
});

test('the count in the answers is kept to: nothing is asked when nothing is left', async () => {
  const { on, reddit } = await begin({ requests: 10 }, { settings: { ...STOCKS, interval: '2s' } });
  await on.until(() => listed(reddit, '/r/').length === 10, 'all are used');
  await on.standIn.clock.sleep(100_000, never);
  expect(listed(reddit, '/r/').map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
});

test('when others have used them up, the end of the window is waited for', async () => {
  const { on, reddit } = await begin({ requests: 0 }, { settings: STOCKS });
  await on.until(() => on.events.some((event) => event.type === 'disconnected'), 'it is refused');
  expect(on.events.find((event) => event.type === 'disconnected')).toMatchObject({ cause: 'rate-limited', delayMs: expect.closeTo(600_000, -4) as unknown });
  expect(listed(reddit, '/r/').map(({ status }) => status)).toEqual([429]);
});

test('no more than the cap is asked in a minute, by all listings together', async () => {
  const { on, reddit } = await begin({}, { settings: { interval: '1s', requests_per_minute: 30 } });
  await on.connected();
  await on.standIn.clock.sleep(130_000, never);
  const times = reddit.log.map(({ at }) => at);
  for (let i = 30; i < times.length; i++) expect(times[i]! - times[i - 30]!).toBeGreaterThan(59_000);
  expect(times.length).toBeGreaterThan(60);
});

test('a thing that is gone answers for ever that nothing is newer: that is noticed, and nothing is missed', async () => {
  const { on, reddit } = await begin({}, { settings: { ...STOCKS, rewind: '2s', interval: '5s' } });
  await on.connected();
  await on.standIn.play({ ...calm, rate: 2, forMs: 20_000 });
  await on.until(() => listed(reddit, '/r/').some(({ path }) => path.includes('before=')), 'it is read on');
  const anchors = (): string[] => listed(reddit, '/r/').map(({ path }) => /before=(\w+)/.exec(path)?.[1] ?? 'top');
  for (let i = 0; i < 3; i++) {
    await on.until(() => anchors().at(-1) !== 'top' && anchors().at(-1) === anchors().at(-2), 'it is read on from the same thing');
    const gone = anchors().at(-1)!;
    reddit.take(gone, 'deleted');
    const sure = reddit.say('/r/stocks/new', `sure of $AAPL ${i}`);
    await on.until(async () => (await texts(on)).includes(`post nasdaq:AAPL #${sure} sure of $AAPL ${i}`), 'what is new is published');
    expect(anchors().slice(anchors().lastIndexOf(gone))[1]).toBe('top');
  }
  expect((await on.published()).gaps).toEqual([]);
});

test('an edit is news for what was not named before, a removed thing is none, and each is counted', async () => {
  const { on, reddit } = await begin({}, { settings: { subreddits: ['stocks'], interval: '5s' } });
  await on.connected();
  await on.until(() => listed(reddit, '/r/stocks/comments').length > 0 && listed(reddit, '/r/stocks/new').length > 0, 'both are read');
  const post = reddit.say('/r/stocks/new', 'AT&T <3 $T\n\nsee *below*');
  const stub = reddit.say('/r/stocks/new', '$AAPL\n\nspam');
  const left = reddit.say('/r/stocks/new', '$T\n\nof somebody who left');
  const comment = reddit.say('/r/stocks/comments', 'just $BTC');
  const other = reddit.say('/r/stocks/comments', 'nothing');
  reddit.take(stub, 'moderator', true);
  reddit.take(left, 'deleted', true);
  await on.until(async () => (await texts(on)).length === 2, 'they are published');
  reddit.edit(post, 'AT&T <3 $T\n\nand $AAPL');
  reddit.edit(other, 'now $AAPL');
  await on.until(async () => (await texts(on)).length === 4, 'edits are published');
  expect((await texts(on)).sort()).toEqual([
    `post coinbase:BTC-USD #${comment} just $BTC`,
    `post nasdaq:AAPL #${post} AT&T <3 $T\n\nand $AAPL`,
    `post nasdaq:AAPL #${other} now $AAPL`,
    `post nyse:T #${post} AT&T <3 $T\n\nsee *below*`,
  ].sort());
  reddit.take(comment, 'moderator', true);
  await on.until(() => on.skipped().get('removed') === 3, 'what is gone is counted, once');
  reddit.edit(post, 'nothing any more');
  await on.until(() => (on.skipped().get('edited') ?? 0) > 0, 'an edit that names nothing new is counted');
  expect((await on.published()).deadLetters).toEqual([]);
  // Accounts stand in no record, but as hashes.
  expect((await on.records('posts')).map(({ value }) => Buffer.from(value!).toString('latin1')).join('')).not.toContain('t2_somebody');
});

test('what was posted while nobody read is fetched, page by page, and the record says so', async () => {
  const { on } = await begin({}, { settings: { interval: '5s' } });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await texts(on)).length > 80, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 60_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  const { gaps } = await on.published();
  expect(gaps.length).toBeGreaterThan(0);
  expect(gaps.every(({ cause, missed, recovered }) => cause === 'outage' && missed > 200 && missed === recovered)).toBe(true);
});

test('whatever breaks, and over a restart: all posts are published, each once, and nothing is reported as lost', async () => {
  const { on } = await begin({}, { settings: { interval: '5s', listings: ['new', 'comments'] } });
  await losesNothing(on);
});

test('what a listing does not hold any more is reported as a time', async () => {
  const { on } = await begin({ listing: 200 }, { settings: { interval: '5s', rewind: '1s', listing_size: 200 } });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await texts(on)).length > 80, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, rate: 50, forMs: 30_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  const lost = (await on.published()).gaps.filter(({ missed }) => missed === 0);
  expect(lost.map(({ cause }) => cause)).toEqual(['window', 'window', 'window']);
});

test('a subreddit that goes private is asked for again, and the others are read meanwhile', async () => {
  let isPrivate = false;
  const { on, reddit } = await begin({ isPrivate: (name) => isPrivate && name === 'crypto' }, { settings: { listings: ['new'], interval: '5s' } });
  await on.connected();
  isPrivate = true;
  await on.until(() => on.collector.status().health?.state === 'degraded', 'one is down');
  const id = reddit.say('/r/stocks/new', '$AAPL');
  await on.until(async () => (await texts(on)).includes(`post nasdaq:AAPL #${id} $AAPL`), 'the other is read');
  isPrivate = false;
  await on.connected();
});

test.each([
  ['a secret that Reddit does not take', { client_secret: { env: 'ANOTHER' } }, {}, '401'],
  ['a subreddit that does not exist', { subreddits: ['nowhere'] }, {}, 'there is no such subreddit'],
  ['a private subreddit', {}, { isPrivate: () => true }, '403: private'],
])('%s ends the source, and says so', async (_, settings, options, says) => {
  const { on } = await begin(options, { settings });
  await on.until(() => on.collector.status().state === 'FAILED', 'the source gives up');
  expect(on.collector.status().error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining(says) as unknown });
  for (const secret of on.secrets) expect(on.printed.join('\n')).not.toContain(secret);
});

test('a page with a few things less than asked for is not the last', async () => {
  const reddit = createReddit({ listing: 20_000 });
  // As Reddit does that leaves something out after it has taken a hundred.
  const vendor = (standIn: StandIn): Vendor => {
    const inner = reddit.vendor(standIn);
    return {
      ...inner,
      requested: (request, response) => {
        request.url = (request.url ?? '').replace('limit=100', 'limit=99');
        inner.requested!(request, response);
      },
    };
  };
  run = await new Run({ vendor, settings: { ...STOCKS, interval: '5s', listing_size: 20_000 } }).start();
  await run.connected();
  await run.standIn.play({ ...calm, rate: 10, forMs: 120_000 });
  await accounted(run);
});
