/** Workers without transactions send outputs again after a crash, cut into other records: readers show each once. */
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { CONTENT_JSON, Outcome, Post, SCHEMA, encodePostJson, headersOf, type Prediction } from '#proto';
import type { OutputRecord } from '#queue';

import { deadLetters } from './dead-letters.ts';
import { StreamSlots } from './streams.ts';
import { SubscriptionService } from './subscribe/service.ts';
import { StreamPosition } from './subscribe/token.ts';
import { tail } from './tail/service.ts';
import { MemoryQueue } from './testing/memory-queue.ts';
import { LAYOUT, evaluationRecord, featureRecord, predictionOf, predictionRecord, predictionsRecord } from './testing/records.ts';
import { EvaluationsView } from './views/evaluations.ts';
import { FeaturesView } from './views/features.ts';
import { PredictionsView } from './views/predictions.ts';
import { PostsView } from './views/tables.ts';

const COUNT = 30;
interface Cut {
  readonly size: number;
  readonly back: number;
}
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 6 }), back: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })) }), { minLength: 4, maxLength: 25 });

/** Ordinals 0 … COUNT - 1 in records, going back now and then. */
function records(sizes: readonly Cut[]): number[][] {
  const list: number[][] = [];
  for (let at = 0, i = 0; at < COUNT; i++) {
    const { size, back } = sizes[i % sizes.length]!;
    const end = Math.min(COUNT, at + size);
    list.push(Array.from({ length: end - at }, (_, k) => at + k));
    // Never back by more than was gone forward, over a few records: it comes to an end.
    at = i < 3 * sizes.length ? Math.max(0, end - back) : end;
  }
  return list;
}
const plain = records([{ size: 1, back: 0 }]);
const MODELS = ['softmax', 'prior'];
/** By instrument, as partitions have it. */
const partitionOfOrdinal = (ordinal: number): number => (ordinal % 3 === 0 ? 1 : 0);
const prediction = (model: string, ordinal: number): Prediction => predictionOf({ instrument: `sim:${partitionOfOrdinal(ordinal)}`, model, ordinal });

function predictions(list: readonly number[][]): OutputRecord[] {
  return list.flatMap((ordinals) =>
    MODELS.flatMap((model) =>
      [0, 1].flatMap((partition) => {
        const own = ordinals.filter((ordinal) => partitionOfOrdinal(ordinal) === partition).map((ordinal) => prediction(model, ordinal));
        if (own.length === 0) return [];
        return own.length > 1 ? [predictionsRecord(partition, own)] : own.map((one) => ({ ...predictionRecord(one), partition }));
      }),
    ),
  );
}

const queues: MemoryQueue[] = [];
afterEach(() => Promise.all(queues.splice(0).map((queue) => queue.close())));

async function queueOf(output: readonly OutputRecord[]): Promise<MemoryQueue> {
  const queue = new MemoryQueue(() => 1000);
  await queue.ensureTopics(LAYOUT.specs());
  queue.append(output);
  queues.push(queue);
  return queue;
}

async function applied(topic: Parameters<typeof LAYOUT.name>[0], output: readonly OutputRecord[], apply: (record: never) => void): Promise<void> {
  const queue = await queueOf(output);
  for await (const batch of queue.read({ topic: LAYOUT.name(topic), from: 'earliest', toEnd: true })) for (const record of batch.records) apply(record as never);
}

const header = (task: string, ordinal: number): Record<string, string> => ({ task, ordinal: String(ordinal) });
const post = (ordinal: number): OutputRecord => ({
  topic: LAYOUT.name('posts'),
  partition: 0,
  value: encodePostJson(Post.fromPartial({ instrument: 'sim:0', source: 's', receiptTimeUs: 1e15 + ordinal })),
  headers: headersOf(CONTENT_JSON, SCHEMA.post, header('source/s', ordinal)),
});

test('views count and keep each row once', async () => {
  const state = async (list: readonly number[][]): Promise<unknown> => {
    const [features, made, evaluations, posts] = [new FeaturesView(), new PredictionsView(), new EvaluationsView(), new PostsView()];
    const flat = list.flat();
    await applied('features', flat.map((ordinal) => featureRecord({ instrument: `sim:${ordinal % 2}`, ordinal, price: 100 + ordinal })), (record) => { features.apply(record); });
    await applied('predictions', predictions(list), (record) => { made.applyPrediction(record); });
    const outcome = (ordinal: number): OutputRecord => ({
      topic: LAYOUT.name('outcomes'),
      partition: 0,
      value: JSON.stringify(Outcome.toJSON(Outcome.fromPartial({ task: 'softmax/0', ordinal, model: 'softmax', instrument: 'sim:0', predictionOrdinal: ordinal, probabilities: [0.2, 0.5, 0.3], label: ordinal % 3 }))),
      headers: headersOf(CONTENT_JSON, SCHEMA.outcome, header('softmax/0', ordinal)),
    });
    await applied('outcomes', flat.map(outcome), (record) => { made.applyOutcome(record); });
    await applied('evaluations', flat.map((ordinal) => evaluationRecord({ model: 'softmax', ordinal, scope: 'total' })), (record) => { evaluations.apply(record); });
    await applied('posts', flat.map(post), (record) => { posts.apply(record); });
    return {
      rows: features.all().map((row) => [row.instrument, row.rows, row.ordinal, row.price, row.trail.prices]),
      written: features.written,
      recent: MODELS.map((model) => made.recent({ model, instrument: 'sim:0', limit: 1000 }).map((entry) => [entry.prediction.ordinal, entry.outcome?.ordinal])),
      counts: [...made.counts()],
      series: evaluations.series(),
      posts: posts.count,
    };
  };
  const whole = await state(plain);
  await fc.assert(fc.asyncProperty(cuts, async (sizes) => { expect(await state(records(sizes))).toEqual(whole); }), { numRuns: 40 });
});

test('a subscription delivers each prediction once, though it is cut off and resumed anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(cuts, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), async (sizes, stops) => {
      const queue = await queueOf([]);
      const service = new SubscriptionService({
        queue, topic: LAYOUT.name('predictions'), slots: new StreamSlots({ most: 4 }), resolveModel: (name) => name, knowsInstrument: () => true,
      });
      const start = new StreamPosition();
      for (const partition of [0, 1]) start.moveTo(partition, 0, 0);
      queue.append(predictions(records(sizes)));
      const got: string[] = [];
      let token = start.token();
      for (let i = 0; got.length < COUNT; i++) {
        const subscription = await service.open({ instruments: [], models: ['softmax'], resumeToken: token });
        let left = stops[i % stops.length]!;
        for await (const { prediction: made, resumeToken } of subscription) {
          got.push(`${made.instrument} ${made.ordinal}`);
          token = resumeToken;
          if (--left === 0 || got.length === COUNT) break;
        }
        subscription.close();
      }
      expect(new Set(got).size).toBe(COUNT);
      for (const partition of [0, 1]) {
        const own = plain.flat().filter((ordinal) => partitionOfOrdinal(ordinal) === partition).map((ordinal) => `sim:${partition} ${ordinal}`);
        expect(got.filter((line) => line.startsWith(`sim:${partition} `))).toEqual(own);
      }
    }),
    { numRuns: 40 },
  );
});

test('tail shows each row once, from the beginning and from the end, and goes on so', async () => {
  const none = new AbortController().signal;
  const shown = async (queue: MemoryQueue, topic: string, from: 'earliest' | undefined, limit: number): Promise<string[]> => {
    const rows: string[] = [];
    for await (const { value, headers, partition } of tail(queue, LAYOUT, { topic, from, limit, follow: false, signal: none })) {
      const { task = headers['task'], ordinal = Number(headers['ordinal']) } = value as { task?: string; ordinal?: number };
      rows.push(`${partition} ${String(task)} ${ordinal}`);
    }
    return rows;
  };
  const all = (list: readonly number[][]): OutputRecord[] => [...predictions(list), ...list.flat().map(post)];
  const whole = await queueOf(all(plain));
  await fc.assert(
    fc.asyncProperty(cuts, fc.integer({ min: 1, max: 20 }), async (sizes, limit) => {
      const queue = await queueOf(all(records(sizes)));
      for (const topic of ['predictions', 'posts']) {
        expect((await shown(queue, topic, 'earliest', 1000)).sort()).toEqual((await shown(whole, topic, 'earliest', 1000)).sort());
        expect((await shown(queue, topic, undefined, 10_000)).sort()).toEqual((await shown(whole, topic, 'earliest', 1000)).sort());
        const newest = await shown(queue, topic, undefined, limit);
        expect(new Set(newest).size).toBe(newest.length);
      }
    }),
    { numRuns: 25 },
  );
  const stop = new AbortController();
  const seen: number[] = [];
  whole.append(plain.slice(20).flat().map(post));
  for await (const { headers } of tail(whole, LAYOUT, { topic: 'posts', from: undefined, limit: 5, follow: true, signal: stop.signal })) {
    seen.push(Number(headers['ordinal']));
    if (seen.length === 5) whole.append([post(27), post(29), post(30)]);
    if (seen.length === 6) stop.abort();
  }
  expect(seen).toEqual([25, 26, 27, 28, 29, 30]);
});

test('a dead letter that was sent again is listed once', async () => {
  const letter = (ordinal: number): OutputRecord => ({ topic: LAYOUT.name('dead-letters'), partition: 0, value: `${ordinal}`, headers: { code: 'MALFORMED_RECORD', ...header('features/0', ordinal) } });
  const queue = await queueOf([letter(0), letter(1), letter(0), letter(1), letter(2), { ...letter(3), headers: { code: 'MALFORMED_RECORD' } }, { ...letter(3), headers: { code: 'MALFORMED_RECORD' } }]);
  const { letters } = await deadLetters(queue, LAYOUT, { limit: 20 });
  expect(letters.map(({ text }) => text).reverse()).toEqual(['0', '1', '2', '3', '3']);
});

test('a token comes back as it was; those of the version before are read, others refused', () => {
  const position = new StreamPosition();
  position.moveTo(0, 12, 3);
  position.moveTo(1, 0, 0);
  position.delivered(0, 'training/a,b;c/0', 41);
  position.delivered(0, 'training/soft max/0', 7);
  const again = StreamPosition.parse(position.token());
  expect(again.token()).toBe(position.token());
  expect([again.isNew(0, 'training/a,b;c/0', 41), again.isNew(0, 'training/a,b;c/0', 42), again.isNew(1, 'training/a,b;c/0', 0)]).toEqual([false, true, true]);
  expect([again.rowsDone(0, 12), again.rowsDone(0, 13)]).toEqual([3, 0]);
  const of = (text: string): string => Buffer.from(text).toString('base64url');
  expect([...StreamPosition.parse(of('1;0:5.0,1:9.2')).offsets()]).toEqual([[0, 5], [1, 9]]);
  for (const bad of ['', '1;', '2;0:1.0', '2;;0:1.0!0.5', '2;a;0:1.0!1.5', '2;%E0;0:1.0!0.5', '2;a;0:1.0,0:2.0', '3;;0:1.0', '2;a;0:99999999999999999.0']) {
    expect(() => StreamPosition.parse(of(bad))).toThrow(expect.objectContaining({ code: 'INVALID_RESUME_TOKEN' }));
  }
});
