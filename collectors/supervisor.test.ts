import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { Cursor, TickKind, decodePost, decodeTicks, encodeTickJson, fail, identityOf, ticksOf, topicLayout, traceOf, type RowIdentity } from '#proto';
import { openEmbeddedQueue } from '#queue/embedded';
import type { OutputRecord, Producer, Queue, QueueRecord } from '#queue';
import type { Emission, Source } from './port.ts';
import { presetOf, withInstrument } from './replay/presets.ts';
import { replaySource } from './replay/source.ts';
import { readCursor } from './cursors.ts';
import { RowCounts } from './identity.ts';
import { createCollector, type Collector, type CollectorOptions } from './supervisor.ts';
import { withMadeUpPosts } from './posts/made-up.ts';
import { BINANCE, scratch } from './testing/files.ts';
import { drawsOf, fakeClock, play } from './testing/run.ts';

const files = scratch();
afterAll(() => {
  files.remove();
});

const layout = topicLayout({ prefix: 'foretick', inputs: 4, shards: 1 });
let queue: Queue;
let serial = 0;

beforeEach(async () => {
  queue = await openEmbeddedQueue({ directory: join(files.directory, `queue-${serial++}`) });
  await queue.ensureTopics(layout.specs());
});
afterEach(async () => {
  await queue.close();
});

async function recordsOf(topic: Parameters<typeof layout.name>[0]): Promise<QueueRecord[]> {
  const all: QueueRecord[] = [];
  for await (const batch of queue.read({ topic: layout.name(topic), from: 'earliest', toEnd: true })) all.push(...batch.records);
  return all;
}

/** Rows and watermarks of `quotes`, one list a partition, whatever the batches. */
async function quotes(): Promise<string[][]> {
  const lists: string[][] = Array.from({ length: layout.inputs }, () => []);
  for (const record of await recordsOf('quotes')) {
    const ticks = decodeTicks(record);
    for (let i = 0; i < ticks.length; i++) lists[record.partition]!.push(encodeTickJson(ticks, i));
  }
  return lists;
}

function collector(source: Source, rest: Partial<CollectorOptions> = {}): Collector {
  return createCollector({ queue, layout, source, clock: fakeClock(), random: () => 0.5, ...rest });
}

async function finish(made: Collector): Promise<void> {
  await made.start();
  await made.done;
}

const small = (name: string, batchRows = 7): Source => {
  const rows = Array.from({ length: 60 }, (_, i) => (i % 13 === 5 ? 'bad,1,2' : `${1_700_000_000_000 + i * 40},${i + 1},${i + 2}`));
  const file = files.file('small.csv', `ts_ms_utc,bid,ask\n${rows.join('\n')}\n`);
  const mapping = withInstrument(presetOf('quotes-ms')!, 'x:A');
  const source = replaySource({ name, file, mapping, speed: 'max', batchRows, watermarkMinRows: 1, laps: 2 });
  return withMadeUpPosts(source, { seed: 1, perMinute: 600, instruments: ['x:A', 'x:B'] });
};

test('a recording ends in the queue as it is: rows by partition in order, watermarks everywhere, cursor committed', async () => {
  const source = replaySource({ name: 'replay', file: BINANCE, mapping: presetOf('binance-l1')!, speed: 'max' });
  const expected = await play(source);
  const made = collector(source);
  await finish(made);
  expect(made.status()).toMatchObject({ state: 'FINISHED', ticks: 50_000, rejected: 0, restarts: 0, error: null });
  const lists = await quotes();
  const isWatermark = (line: string): boolean => line.includes('"watermark"');
  const rows = lists.flatMap((list) => list.filter((line) => !isWatermark(line)));
  expect(rows).toHaveLength(50_000);
  for (const symbol of ['BTC', 'ETH', 'SOL']) {
    const own = (line: string): boolean => line.includes(`binance:${symbol}-USDT`);
    expect(rows.filter(own)).toEqual(expected.log.filter(own));
  }
  const watermarks = expected.log.filter((line) => line.startsWith('watermark ')).map((line) => Number(line.slice(10)));
  for (const list of lists) {
    expect(list.filter(isWatermark).map((line) => (JSON.parse(line) as { receiptTimeUs: number }).receiptTimeUs)).toEqual(watermarks);
  }
  const posts = (await recordsOf('posts')).map(decodePost);
  expect(posts).toHaveLength(watermarks.length * layout.inputs);
  expect(await readCursor(queue, layout, 'replay')).toMatchObject({ finished: true, row: 50_000, published: 50_000 });
});

test('stopped and started again after every emission: nothing lost, nothing twice', async () => {
  const source = small('replay');
  await finish(collector(source));
  const whole = { quotes: await quotes(), posts: await recordsOf('posts'), letters: await recordsOf('dead-letters') };
  await queue.close();
  queue = await openEmbeddedQueue({ directory: join(files.directory, `queue-${serial++}`) });
  await queue.ensureTopics(layout.specs());

  let starts = 0;
  for (let state = ''; state !== 'FINISHED'; starts++) {
    const made: Collector = collector(source, { onPublished: () => void made.stop() });
    await finish(made);
    ({ state } = made.status());
    expect(['STOPPED', 'FINISHED']).toContain(state);
  }
  expect(starts).toBeGreaterThan(10);
  const text = (records: QueueRecord[]): string[] => records.map(({ partition, value }) => `${partition} ${Buffer.from(value!).toString()}`);
  expect(await quotes()).toEqual(whole.quotes);
  expect(text(await recordsOf('posts'))).toEqual(text(whole.posts));
  expect(text(await recordsOf('dead-letters'))).toEqual(text(whole.letters));
});

test('a send that fails, before or after it was appended, loses and repeats nothing where sends are all or nothing', async () => {
  const source = small('replay');
  await finish(collector(source));
  const whole = await quotes();
  await queue.close();
  queue = await openEmbeddedQueue({ directory: join(files.directory, `queue-${serial++}`) });
  await queue.ensureTopics(layout.specs());

  let sends = 0;
  const flaky = (inner: Producer): Producer => ({
    close: () => inner.close(),
    async send(records: readonly OutputRecord[]) {
      sends++;
      if (sends % 3 === 1) throw fail('QUEUE_UNAVAILABLE', 'not appended');
      const offsets = await inner.send(records);
      if (sends % 3 === 2) throw fail('QUEUE_UNAVAILABLE', 'appended, but the answer was lost');
      return offsets;
    },
  });
  const wrapped: Queue = Object.assign(Object.create(queue) as Queue, { producer: async () => flaky(await queue.producer()) });
  for (const name of ['read'] as const) Object.assign(wrapped, { [name]: queue[name].bind(queue) });
  const delays: number[] = [];
  const made = collector(source, { queue: wrapped, atomicSends: true, onRetry: (_error, delay) => delays.push(delay) });
  await finish(made);
  expect(made.status()).toMatchObject({ state: 'FINISHED', restarts: delays.length });
  expect(delays.length).toBeGreaterThan(5);
  expect(delays[0]).toBe(75);
  expect(delays[1]).toBe(150);
  expect(await quotes()).toEqual(whole);
});

test('rejected rows become dead letters that say where they came from', async () => {
  await finish(collector(small('replay')));
  const letters = await recordsOf('dead-letters');
  expect(letters).toHaveLength(10);
  expect(letters[0]!.headers).toMatchObject({
    task: `source/replay ${Buffer.from(letters[0]!.key!).toString()}`, ordinal: '0', topic: '', partition: '0', offset: '6', code: 'MALFORMED_RECORD', message: 'row 6: ts_ms_utc is not a time', attempt: '1', time: '0',
  });
  expect(Buffer.from(letters[0]!.value!).toString()).toBe('bad,1,2');
  expect(Buffer.from(letters[0]!.key!).toString()).toContain('small.csv');
});

/** Rows as a reader has them that drops what it has seen: line by partition and name of their writer. */
async function named(): Promise<Map<string, string[]>> {
  const lists = new Map<string, string[]>();
  const add = (key: string, identity: RowIdentity, rows: readonly string[]): void => {
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    rows.forEach((row, i) => {
      const ordinal = identity.ordinal + i;
      if (ordinal < list.length) expect([key, ordinal, row]).toEqual([key, ordinal, list[ordinal]]);
      else if (list.push(row) !== ordinal + 1) throw new Error(`${key}: ${list.length - 1} follows on a gap before ${ordinal}`);
    });
  };
  for (const record of await recordsOf('quotes')) {
    const identity = identityOf(record.headers);
    const ticks = decodeTicks(record);
    if (identity) add(`quotes ${record.partition} ${identity.task}`, identity, Array.from({ length: ticks.length }, (_, i) => encodeTickJson(ticks, i)));
    else expect(ticks.kind[0]).toBe(TickKind.WATERMARK);
  }
  for (const topic of ['posts', 'dead-letters'] as const) {
    for (const { partition, headers, value } of await recordsOf(topic)) {
      const identity = identityOf(headers);
      if (identity) add(`${topic} ${partition} ${identity.task}`, identity, [Buffer.from(value!).toString()]);
    }
  }
  return lists;
}

test('sends that fail half-way lose nothing, and names tell what came twice, however it was cut', async () => {
  await finish(collector(small('replay')));
  const whole = await named();
  expect([...whole.keys()].filter((key) => key.startsWith('posts')).length).toBeGreaterThan(1);
  const random = drawsOf(7);
  for (let run = 0; run < 5; run++) {
    await queue.close();
    queue = await openEmbeddedQueue({ directory: join(files.directory, `queue-${serial++}`) });
    await queue.ensureTopics(layout.specs());
    const torn = (inner: Producer): Producer => ({
      close: () => inner.close(),
      async send(records: readonly OutputRecord[]) {
        if (random() < 0.8) return inner.send(records);
        // Some partitions of it are there, in their order; the others are not.
        const there = new Set(records.map(({ topic, partition }) => `${topic} ${partition}`).filter(() => random() < 0.5));
        await inner.send(records.filter(({ topic, partition }) => there.has(`${topic} ${partition}`)));
        throw fail('QUEUE_UNAVAILABLE', 'torn');
      },
    });
    const wrapped: Queue = Object.assign(Object.create(queue) as Queue, { producer: async () => torn(await queue.producer()), read: queue.read.bind(queue) });
    const sizes = small('replay', 1 + Math.floor(random() * 20));
    const made = collector(sizes, { queue: wrapped });
    await finish(made);
    expect(made.status().state).toBe('FINISHED');
    expect(await named()).toEqual(whole);
  }
});

test('a cursor of a source that did not name its rows starts a name of its own', () => {
  const cursor = { ...Cursor.fromPartial({ source: 's', published: 40 }) };
  const first = new RowCounts(layout, 's', null);
  expect([first.take('ticks', 2, 5), first.take('ticks', 2, 1), first.take('posts', 2, 1)]).toEqual([
    { task: 'source/s', ordinal: '0' }, { task: 'source/s', ordinal: '5' }, { task: 'source/s', ordinal: '0' },
  ]);
  expect(new RowCounts(layout, 's', { ...cursor, ordinals: first.message() }).take('ticks', 2, 1)).toEqual({ task: 'source/s', ordinal: '6' });
  const later = new RowCounts(layout, 's', cursor);
  expect(later.take('ticks', 0, 3)).toEqual({ task: 'source/s@40', ordinal: '0' });
  expect(new RowCounts(layout, 's', { ...cursor, published: 43, ordinals: later.message() }).take('ticks', 0, 1)).toEqual({ task: 'source/s@40', ordinal: '3' });
});

test('each record of rows has a trace of its own, or the one that came in', async () => {
  const incoming = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const source: Source = { name: 's', run: async ({ emit }) => {
    await emit(one('x:A', 3));
    await emit({ ...one('x:A', 1), traceparent: incoming });
  } };
  await finish(collector(source));
  const traces = (await recordsOf('quotes')).map(({ headers }) => traceOf(headers).traceparent);
  expect(traces.at(-1)).toBe(incoming);
  expect(new Set(traces).size).toBe(4);
  expect(traces).not.toContain(undefined);
});

const one = (instrument: string, n: number): Emission => ({
  ticks: ticksOf('s', Array.from({ length: n }, (_, i) => ({ instrument, kind: TickKind.TRADE, eventTime: i + 1, receiptTime: i + 1, price: 1 }))),
});

test('few rows of a partition are JSON, many are Arrow, unless told', async () => {
  const source = (name: string): Source => ({ name, run: async ({ emit }) => {
    await emit(one('x:A', 3));
    await emit(one('x:A', 40));
  } });
  const types = async (): Promise<string[]> => (await recordsOf('quotes')).map(({ headers }) => headers['content-type']!.split('.').at(-1)!);
  await finish(collector(source('a')));
  expect(await types()).toEqual([...Array<string>(3).fill('application/json'), 'stream']);
  await finish(collector(source('b'), { format: 'arrow' }));
  expect((await types()).slice(4)).toEqual(['stream', 'stream']);
  await finish(collector(source('c'), { format: 'json' }));
  expect((await types()).slice(6)).toEqual(Array<string>(43).fill('application/json'));
});

test('an error that is not retriable stops the source, and says so', async () => {
  const failures: string[] = [];
  const made = collector({ name: 's', run: () => Promise.reject(fail('FILE_UNREADABLE', 'gone')) }, { onFailure: ({ code }) => failures.push(code) });
  await finish(made);
  expect(made.status()).toMatchObject({ state: 'FAILED', error: { code: 'FILE_UNREADABLE' } });
  expect(failures).toEqual(['FILE_UNREADABLE']);
  await made.stop();
});

test('stop waits for the emission in flight', async () => {
  let emitted = false;
  let running = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    running = resolve;
  });
  const source: Source = {
    name: 's',
    async run({ emit, signal }) {
      await new Promise((resolve) => {
        running();
        signal.addEventListener('abort', resolve);
      });
      await emit(one('x:A', 1));
      emitted = true;
    },
  };
  const made = collector(source);
  expect(made.status().state).toBe('CREATED');
  await made.start();
  await begun;
  expect(made.status().state).toBe('RUNNING');
  const stopped = made.stop();
  expect(made.status().state).toBe('DRAINING');
  await Promise.all([stopped, made.stop()]);
  expect(emitted).toBe(true);
  expect(made.status()).toMatchObject({ state: 'STOPPED', ticks: 1 });
  const never = collector(source);
  await never.stop();
  expect(never.status().state).toBe('STOPPED');
});

test('a source that does not wait for its emission is a bug that is named', async () => {
  const source: Source = {
    name: 's',
    async run({ emit }) {
      await Promise.all([emit(one('x:A', 1)), emit(one('x:A', 1))]);
    },
  };
  const made = collector(source);
  await finish(made);
  expect(made.status()).toMatchObject({ state: 'FAILED', error: { code: 'INTERNAL' } });
});

test('each source has its own cursor', async () => {
  await finish(collector(small('one')));
  await finish(collector(small('two')));
  const cursors = await Promise.all(['one', 'two', 'three'].map((name): Promise<Cursor | null> => readCursor(queue, layout, name)));
  expect(cursors.map((cursor) => cursor?.source ?? null)).toEqual(['one', 'two', null]);
});

test('a watermark shows nothing: a source that fails before it has anything waits longer each time, and as long as the vendor asks', async () => {
  const waits: number[] = [];
  const errors = [undefined, undefined, undefined, undefined, 60_000, undefined];
  let run = 0;
  const source: Source = {
    name: 's',
    run: async ({ emit }) => {
      await emit({ watermark: 1_700_000_000_000_000 + run });
      const retryAfterMs = errors[run++];
      if (run <= errors.length) throw fail('SOURCE_UNAVAILABLE', 'the vendor is away', { details: { retryAfterMs } });
    },
  };
  await finish(collector(source, { onRetry: (_, delayMs) => waits.push(delayMs) }));
  expect(waits).toEqual([75, 150, 300, 600, 60_000, 2400]);
});
