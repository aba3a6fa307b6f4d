/** Milliseconds from one place to another at a steady rate: one hop of bare kafkajs, and a tick's way from collector to prediction. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners } from 'kafkajs';

import { defaultFeatures } from '#features';
import { startFeatureWorker, startTrainingWorker, silentObserver } from '#processing';
import { CONTENT_JSON, SCHEMA, decodePredictions, TickKind, encodeTickJson, headersOf, ticksOf, topicLayout, watermarkJson, type TopicLayout } from '#proto';
import type { OutputRecord, Queue } from '#queue';
import { openKafkaQueue, type Delivery } from '#queue/kafka';

import { quantile } from '../stats.ts';
import { kafkajsClient } from './clients.ts';
import { END_OF_TIME } from './settings.ts';

export interface LatencyWork {
  readonly brokers: readonly string[];
  /** Fresh, for each run. */
  readonly name: string;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** Sends come every few milliseconds; earlier ones warm the code up and are not counted. */
const TURN_MS = 5;
const WARM_UP = 0.3;

/** Calls `send` with the numbers that are due, at a steady rate, without waiting for it. @returns when each number was due */
async function steadily({ perSecond, seconds }: LatencyWork, send: (from: number, to: number) => Promise<unknown>): Promise<Float64Array> {
  const total = perSecond * seconds;
  const at = new Float64Array(total);
  const began = performance.now();
  const sending: Promise<unknown>[] = [];
  for (let sent = 0; sent < total; ) {
    const now = performance.now();
    const due = Math.min(total, Math.floor(((now - began) / 1000) * perSecond));
    if (due > sent) {
      at.fill(now, sent, due);
      sending.push(send(sent, due));
      sent = due;
    }
    await sleep(TURN_MS);
  }
  await Promise.all(sending);
  return at;
}

function summary(sent: Float64Array, received: Float64Array): Latency {
  const taken = Array.from(received.subarray(Math.floor(sent.length * WARM_UP)), (time, i) => time - sent[Math.floor(sent.length * WARM_UP) + i]!);
  return { p50: quantile(taken, 0.5), p99: quantile(taken, 0.99), count: taken.length };
}

export async function bareHop(work: LatencyWork): Promise<Latency> {
  const topic = `${work.name}.hop`;
  const queue = await openKafkaQueue({ brokers: work.brokers });
  await queue.ensureTopics([{ name: topic, partitions: 1, cleanup: 'delete' }]);
  await queue.close();
  const kafka = kafkajsClient(work.brokers);
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  const received = new Float64Array(work.perSecond * work.seconds);
  let seen = 0;
  let done: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (done = resolve));
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch }) => {
      received.fill(performance.now(), seen, seen + batch.messages.length);
      seen += batch.messages.length;
      if (seen >= received.length) done();
      return Promise.resolve();
    },
  });
  const value = Buffer.alloc(200, 'x');
  const sent = await steadily(work, (from, to) => producer.send({ topic, messages: Array.from({ length: to - from }, () => ({ partition: 0, value })) }));
  await all;
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  return summary(sent, received);
}

/** The feature worker and one model, with a commit for each batch, until told to stop. */
export async function startWorkers({ brokers, name }: LatencyWork, delivery: Delivery): Promise<() => Promise<void>> {
  const queue = await openKafkaQueue({ brokers, delivery });
  const layout = topicLayout({ prefix: name, inputs: 1, shards: 1 });
  await queue.ensureTopics(layout.specs());
  const onFailure = (error: unknown): void => {
    throw error;
  };
  const target = { horizonUs: 5e6, deadBandBps: 0.5, classes: 3, toleranceUs: 60e6 } as const;
  const spec = { name: 'softmax', kind: 'softmax', batch: 32 } as const;
  const model = { spec, featureSet: defaultFeatures.id, featureNames: defaultFeatures.names, target, evaluateEvery: 500 };
  const common = { queue, layout, observer: () => silentObserver, onFailure };
  const members = [await startFeatureWorker({ ...common, set: defaultFeatures }), await startTrainingWorker({ ...common, ...model })];
  return async () => {
    for (const member of members) await member.leave();
    await queue.close();
  };
}

/** Three hops: quotes, features, predictions. The workers run elsewhere; what they write is read here. */
export async function throughWorkers(work: LatencyWork): Promise<Latency> {
  const queue = await openKafkaQueue({ brokers: work.brokers });
  const layout = topicLayout({ prefix: work.name, inputs: 1, shards: 1 });
  const received = new Float64Array(work.perSecond * work.seconds);
  const reading = watch(queue, layout, received);
  const producer = await queue.producer();
  const posts = { topic: layout.name('posts'), partition: 0, value: watermarkJson('bench', END_OF_TIME), headers: headersOf(CONTENT_JSON, SCHEMA.post) };
  await producer.send([posts]);
  const sent = await steadily(work, (from, to) => producer.send(tickRecords(layout, from, to)));
  await reading;
  await queue.close();
  return summary(sent, received);
}

const INSTRUMENT = 'bench:A-B';

function tickRecords(layout: TopicLayout, from: number, to: number): OutputRecord[] {
  const now = Date.now() * 1000;
  const rows = Array.from({ length: to - from }, (_, i) => {
    const bid = 100 + Math.sin((from + i) / 99);
    return { kind: TickKind.QUOTE, instrument: INSTRUMENT, eventTime: now, receiptTime: now, sequence: from + i, bid, ask: bid + 0.1, bidSize: 1, askSize: 1 };
  });
  const ticks = ticksOf('bench', rows);
  const headers = headersOf(CONTENT_JSON, SCHEMA.tick);
  return rows.map((_, i) => ({ topic: layout.name('quotes'), partition: 0, key: INSTRUMENT, value: encodeTickJson(ticks, i), headers }));
}

/** The n-th tick is the n-th row, and has the n-th prediction. */
async function watch(queue: Queue, layout: TopicLayout, received: Float64Array): Promise<void> {
  let seen = 0;
  for await (const { records } of queue.read({ topic: layout.name('predictions'), from: 'earliest' })) {
    const now = performance.now();
    for (const record of records) {
      for (const { ordinal } of decodePredictions(record)) {
        if (received[ordinal] === 0) seen += 1;
        received[ordinal] = now;
      }
    }
    if (seen >= received.length) return;
  }
}
