/** What the source does by X's rules: its own rules of the stream, the ladders, limits, problems in the stream, edits. */
import { afterEach, expect, jest, test } from '@jest/globals';

import { MovingInstruments } from '#collectors';

import { accounted } from '../kit/accounts.ts';
import { losesNothing } from '../kit/outages.ts';
import { Run, type RunOptions } from '../kit/run.ts';
import type { StandIn, Vendor } from '../kit/stand-in.ts';
import { createX, type XStandIn, type XStandInOptions } from './stand-in.ts';

jest.setTimeout(300_000);
let run: Run | null = null;
afterEach(async () => {
  await run?.end();
  run = null;
});

async function begin(options: XStandInOptions = {}, more: Partial<RunOptions> = {}): Promise<{ readonly on: Run; readonly x: XStandIn }> {
  const x = createX(options);
  run = await new Run({ vendor: x.vendor, ...more }).start();
  return { on: run, x };
}

const calm = { name: 'calm', rate: 20, steps: [] };
const asked = (x: XStandIn, what: 'stream' | 'rules' | 'search') => x.log.filter((entry) => entry.what === what);
const notes = (on: Run): string[] => on.events.flatMap((event) => (event.type === 'note' ? [event.message] : []));
const ended = async (on: Run): Promise<string> => {
  await on.until(() => on.collector.status().state === 'FAILED', 'the source gives up');
  expect(on.collector.status().error?.code).toMatch(/^(SOURCE_REFUSED|CONFIG_INVALID)$/);
  return on.collector.status().error!.message;
};
test('rules are made from the instruments, compared by tag and changed in one go; those of others are left alone', async () => {
  const standing = [
    { id: '1', value: 'cats has:images', tag: 'cats with images' },
    { id: '2', value: '($OLD) -is:retweet', tag: 'foretick/x/0123456789ab' },
    { id: '3', value: '"no tag"' },
    { id: '4', value: '$MSFT', tag: 'foretick/another/0123456789ab' },
  ];
  const { on, x } = await begin({ standing }, { settings: { terms: ['"apple inc"'] } });
  await on.connected();
  expect(x.rules.map(({ id, value }) => (Number(id) < 10 ? id : value))).toEqual(['1', '3', '4', '($AAPL OR $T OR $BTC OR "apple inc") -is:retweet']);
  expect(asked(x, 'rules').map(({ asked: body }) => Object.keys(JSON.parse(body === '' ? '{}' : body) as object)[0] ?? 'get')).toEqual(['get', 'add', 'delete']);
  expect(notes(on)).toContain('rules of the stream: 1 added, 1 deleted, 0 kept');
  // A restart finds them as they should be, and sends nothing.
  const before = asked(x, 'rules').length;
  await on.collector.stop();
  await on.startCollector();
  await on.connected();
  expect(asked(x, 'rules').slice(before).map(({ asked: body }) => body)).toEqual(['']);
});

test('as many terms stand in a rule as fit, and what finds no room in the plan is named', async () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
  const instruments = letters.flatMap((a) => letters.slice(0, 12).map((b) => `nasdaq:Q${a}${b}`));
  const { on, x } = await begin({ mostRules: 3, standing: [{ id: '1', value: 'cats', tag: 'cats' }] }, { settings: { rules: 3 }, instruments: new MovingInstruments(instruments) });
  await on.connected();
  expect(x.rules.length).toBe(3);
  expect(Math.max(...x.rules.map(({ value }) => value.length))).toBeGreaterThan(1000);
  expect(notes(on)).toContain('1 rules of the stream find no room among the 3 of the plan: what they ask for is not collected');
});

test('an instrument more is another rule, without another connection', async () => {
  const instruments = new MovingInstruments(['nasdaq:AAPL']);
  const { on, x } = await begin({ rulesTakeMs: 20_000 }, { instruments });
  await on.connected();
  await on.standIn.clock.sleep(25_000, new AbortController().signal);
  instruments.set(['nasdaq:AAPL', 'nyse:T']);
  await on.until(() => x.rules.some(({ value }) => value === '($AAPL OR $T) -is:retweet'), 'the rule is there');
  await on.standIn.clock.sleep(25_000, new AbortController().signal);
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await on.published()).rows.some((row) => row.startsWith('post nyse:T ')), 'posts about it are published');
  await accounted(on);
  expect([x.rules.length, asked(x, 'stream').length]).toEqual([1, 1]);
});

test('subscriptions are rules, made and deleted while the stream stands; nothing is opened before there is one', async () => {
  const { on, x } = await begin({}, { sharing: 'owned' });
  await on.standIn.clock.sleep(20_000, new AbortController().signal);
  expect(x.log).toEqual([]);
  await on.subscribe(['nasdaq:AAPL']);
  await on.connected();
  await on.subscribe(['nyse:T']);
  await on.until(() => x.rules[0]?.value === '($AAPL OR $T) -is:retweet', 'it is asked for');
  await on.subscribe(['nasdaq:AAPL'], 'remove');
  await on.until(() => x.rules[0]?.value === '$T -is:retweet', 'it is asked for no longer');
  await on.standIn.play({ ...calm, forMs: 5000 });
  await accounted(on);
  const { rows } = await on.published();
  expect([rows.length > 10, rows.every((row) => row.startsWith('post nyse:T ')), x.rules.length, asked(x, 'stream').length]).toEqual([true, true, 1, 1]);
});

test.each([
  ['429', [429, 429, 429], [60_000, 120_000, 240_000], 40],
  ['errors', [503, 500, 503, 503], [5000, 10_000, 20_000, 40_000], 20],
] as const)('%s are waited for by their ladder: no shorter than X says, and not much longer', async (_, refusals, least, factor) => {
  const { on, x } = await begin({ refusals }, { factor });
  await on.connected();
  const times = asked(x, 'stream').map(({ at }) => at);
  least.forEach((ms, i) => {
    expect(times[i + 1]! - times[i]!).toBeGreaterThanOrEqual(ms);
    expect(times[i + 1]! - times[i]!).toBeLessThan(ms * 1.2 + 5000);
  });
  expect(asked(x, 'stream').map(({ status }) => status)).toEqual([...refusals, 200]);
});

test('an address that cannot be reached is tried in steps of a quarter of a second, up to 16 s', async () => {
  const { on } = await begin();
  await on.connected();
  on.standIn.inflict({ fault: 'refuse', forMs: 30_000 });
  await on.until(() => on.events.filter((event) => event.type === 'disconnected' && event.cause === 'unreachable').length >= 6, 'it is tried');
  const waits = on.events.flatMap((event) => (event.type === 'disconnected' && event.cause === 'unreachable' && event.connection.endsWith('/stream') ? [event.delayMs] : []));
  waits.slice(0, 6).forEach((wait, i) => {
    expect(wait).toBeGreaterThanOrEqual(250 * (i + 1) - 1);
    expect(wait).toBeLessThanOrEqual(300 * (i + 1) + 1);
  });
  await on.connected();
});

/** Cuts the stream until it was asked for so many times. */
async function cutUntil(on: Run, x: XStandIn, times: number): Promise<void> {
  while (asked(x, 'stream').length < times) {
    const before = asked(x, 'stream').length;
    await on.until(() => on.standIn.connections.size === 1, 'it is connected');
    on.standIn.inflict({ fault: 'cut' });
    await on.until(() => asked(x, 'stream').length > before, 'it is opened again');
  }
}

test('more streams than X allows in 15 minutes are not opened', async () => {
  const { on, x } = await begin({ connects: 4 }, { settings: { connects: 4 } });
  await on.connected();
  await cutUntil(on, x, 4);
  await on.until(() => on.standIn.connections.size === 1, 'it is connected');
  on.standIn.inflict({ fault: 'cut' });
  await on.standIn.clock.sleep(100_000, new AbortController().signal);
  expect(asked(x, 'stream').map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(on.collector.status().health?.state).toBe('down');
});

test('where our count is not X\'s, what its header says is waited for', async () => {
  const { on, x } = await begin({ connects: 2 });
  await on.connected();
  await cutUntil(on, x, 3);
  await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.cause === 'rate-limited'), 'it is refused');
  expect(asked(x, 'stream').map(({ status }) => status)).toEqual([200, 200, 429]);
  const waits = on.events.flatMap((event) => (event.type === 'disconnected' && event.cause === 'rate-limited' ? [event.delayMs] : []));
  expect(waits).toEqual([expect.any(Number)]);
  expect(asked(x, 'stream')[2]!.at + waits[0]!).toBeGreaterThanOrEqual(asked(x, 'stream')[0]!.at + 900_000);
});

test('X says why it ends a stream: the one is opened again at once, the other not for a minute', async () => {
  const { on, x } = await begin();
  await on.connected();
  x.tell({ errors: [{ title: 'operational-disconnect', disconnect_type: 'UpstreamOperationalDisconnect', detail: 'This stream has been disconnected upstream for operational reasons.', type: 'https://api.x.com/2/problems/operational-disconnect' }] }, true);
  await on.until(() => asked(x, 'stream').length === 2 && on.standIn.connections.size === 1, 'it is opened again');
  x.tell({ title: 'ConnectionException', detail: 'This stream is currently at the maximum allowed connection limit.', connection_issue: 'TooManyConnections', type: 'https://api.x.com/2/problems/streaming-connection' });
  await on.until(() => asked(x, 'stream').length === 3 && on.standIn.connections.size === 1, 'it is opened again');
  const ends = on.events.flatMap((event) => (event.type === 'disconnected' ? [{ cause: event.cause, message: event.message, isLong: event.delayMs >= 60_000 }] : []));
  expect(ends).toEqual([
    { cause: 'dropped', message: expect.stringMatching(/^operational-disconnect: UpstreamOperationalDisconnect: /) as unknown, isLong: false },
    { cause: 'rate-limited', message: expect.stringContaining('TooManyConnections') as unknown, isLong: true },
  ]);
  expect((await on.published()).deadLetters).toEqual([]);
});

test('a second stream of the app is refused and waited for', async () => {
  const { on, x } = await begin();
  await on.connected();
  const other = await fetch(`http://127.0.0.1:${on.standIn.proxy.port}/2/tweets/search/stream`, { headers: { authorization: 'Bearer secret-of-X_TOKEN' } });
  expect([other.status, await other.json()]).toMatchObject([429, { connection_issue: 'TooManyConnections' }]);
  expect(x.log.filter(({ status }) => status === 429)).toHaveLength(1);
});

test('an edit is the same post: news for what it names besides; reposts, long texts and characters are read as they are', async () => {
  const { on, x } = await begin({}, { settings: { author_salt: { env: 'SALT' } } });
  await on.connected();
  const first = x.say('AT&T <3 $T');
  x.say('$T and $AAPL', {}, [first]);
  x.say('$T and $AAPL!', {}, [first]);
  const unseen = x.say('nothing');
  x.say('now $BTC', {}, [unseen]);
  x.say('RT @a: $AAPL', { referenced_tweets: [{ type: 'retweeted', id: '1' }] });
  x.say('$AAPL as somebody said', { referenced_tweets: [{ type: 'quoted', id: '1' }], lang: 'und' });
  x.say('$AAPL is a long…', { note_tweet: { text: '$AAPL is a long story &amp; $BTC is not' } });
  await on.until(async () => (await on.published()).rows.length >= 6, 'they are published');
  const { rows, deadLetters } = await on.published();
  const texts = rows.map((row) => row.replace(/ @\d+$/, ''));
  expect(texts.filter((row) => row.includes(`#${first} `)).sort()).toEqual([`post nasdaq:AAPL #${first} $T and $AAPL`, `post nyse:T #${first} AT&T <3 $T`]);
  expect(texts.filter((row) => row.includes(`#${unseen} `))).toEqual([`post coinbase:BTC-USD #${unseen} now $BTC`]);
  expect(texts.filter((row) => row.includes('story & $BTC'))).toHaveLength(2);
  expect(texts.some((row) => row.includes('RT @a'))).toBe(false);
  expect(deadLetters).toEqual([]);
  await on.until(() => on.skipped().get('repost') === 1, 'the repost is counted');
  const authors = (await on.records('posts')).map(({ value }) => Buffer.from(value!).toString('latin1')).join('');
  expect(authors).not.toContain('somebody"');
});

test('posts of an outage are searched for, and the record says so', async () => {
  const { on, x } = await begin();
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await on.published()).rows.length > 50, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 30_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  await on.until(async () => (await on.published()).gaps.length > 0, 'the gap is reported');
  const { gaps } = await on.published();
  expect(gaps.map(({ cause, missed, recovered }) => [cause, missed === recovered])).toEqual([['outage', true]]);
  expect(gaps[0]!.recovered).toBeGreaterThan(550);
  expect(asked(x, 'search').every(({ status }) => status === 200)).toBe(true);
  expect(asked(x, 'search')[0]!.asked).toMatch(/start_time=.*end_time=/);
});

test('whatever breaks, and over a restart: all posts are published, each once, and nothing is reported as lost', async () => {
  const { on } = await begin();
  await losesNothing(on);
});

test('a silent market is no outage: a restart long after the last post searches no further back than it has to', async () => {
  const { on, x } = await begin({}, { settings: { replay: '2m' }, factor: 60 });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 3000 });
  await on.standIn.clock.sleep(240_000, new AbortController().signal);
  await on.collector.stop();
  await on.startCollector();
  await on.connected();
  await on.until(() => asked(x, 'search').length === 1, 'it searches');
  await accounted(on);
  expect((await on.published()).gaps).toEqual([]);
});

test.each([
  ['no more than the limit is fetched; the time of the others is reported', { backfill_limit: 200 }, ['limit']],
  ['what lies further back than `replay` is not fetched, and is reported', { replay: '10s', rewind: '2s' }, ['outage']],
  ['without a limit to speak of, outages are reported alone', { backfill_limit: 0 }, ['outage']],
])('%s', async (_, settings, causes) => {
  const { on } = await begin({}, { settings });
  await on.connected();
  await on.standIn.play({ ...calm, forMs: 5000 });
  await on.until(async () => (await on.published()).rows.length > 50, 'posts are published');
  await on.collector.stop();
  await on.standIn.play({ ...calm, forMs: 40_000 });
  await on.startCollector();
  await on.connected();
  await accounted(on);
  await on.until(async () => (await on.published()).gaps.length > 0, 'it is reported');
  expect((await on.published()).gaps.filter(({ missed, recovered }) => missed === 0 || missed > recovered).map(({ cause }) => cause)).toEqual(causes);
});

test('more searches than X allows in 15 minutes are not made', async () => {
  const { on, x } = await begin({ searches: 5, hasStream: false, settings: { mode: 'search', search_interval: '1s', searches: 5 } });
  await on.until(() => asked(x, 'search').length === 5, 'it searches');
  await on.standIn.clock.sleep(100_000, new AbortController().signal);
  expect(asked(x, 'search').map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
});

test('a search that X refuses after all waits until its header says', async () => {
  const { on, x } = await begin({ searches: 3, hasStream: false, settings: { mode: 'search', search_interval: '1s' } });
  await on.until(() => on.events.some((event) => event.type === 'disconnected' && event.cause === 'rate-limited'), 'it is refused');
  const [wait] = on.events.flatMap((event) => (event.type === 'disconnected' ? [event.delayMs] : []));
  expect(asked(x, 'search').map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(wait).toBeGreaterThan(800_000);
});

test.each([
  ['a token that X does not take', { settings: { bearer_token: { env: 'ANOTHER' } } }, {}, '401'],
  ['a plan without the stream', {}, { hasStream: false }, 'mode: search'],
  ['a filter that X does not understand', { settings: { filter: '-is:retweet (' } }, {}, 'Cannot parse'],
  ['a term that is longer than a rule', { settings: { rule_length: 64, terms: [`"${'a'.repeat(80)}"`] } }, {}, 'longer than 64'],
  ['instruments without cashtag, and no terms', { instruments: new MovingInstruments(['nasdaq:1234567']) }, {}, 'asks for nothing'],
])('%s ends the source, and says so', async (_, more, options, says) => {
  const { on } = await begin(options, more);
  expect(await ended(on)).toContain(says);
  for (const secret of on.secrets) expect(on.printed.join('\n')).not.toContain(secret);
});

test.each([
  ['without what an answer has', '{}'],
  ['with null for its data', '{"data":null,"meta":{"sent":"x"}}'],
  ['with a problem in a 200', '{"errors":[{"title":"Service Unavailable"}]}'],
])('a comparison of rules that is answered %s ends nothing', async (_, body) => {
  const x = createX({});
  let isOdd = false;
  const vendor = (standIn: StandIn): Vendor => {
    const inner = x.vendor(standIn);
    return {
      ...inner,
      requested: (request, response) => {
        if (isOdd && request.method === 'GET' && (request.url ?? '').includes('/stream/rules')) response.writeHead(200, { 'content-type': 'application/json' }).end(body);
        else inner.requested!(request, response);
      },
    };
  };
  const on = (run = await new Run({ vendor, factor: 200 }).start());
  await on.connected();
  isOdd = true;
  // Each quarter of an hour.
  await on.standIn.clock.sleep(920_000, new AbortController().signal);
  expect(on.collector.status()).toMatchObject({ state: 'RUNNING', error: null });
});
