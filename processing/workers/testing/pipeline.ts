/** Workers over an embedded queue in a directory of its own: feeding them, stopping them, reading what they wrote. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { defaultFeatures } from '#features';
import type { ModelSpec } from '#models';
import { groupNames, silentObserver, startFeatureWorker, startTrainingWorker, type TargetOptions, type WorkerObserver } from '#processing';
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  SCHEMA,
  decodeFeatures,
  decodeOutcomes,
  decodePredictions,
  encodeTicksArrow,
  headersOf,
  partitionOf,
  ticksOf,
  topicLayout,
  watermarkJson,
  type TickRow,
  type TopicLayout,
  type TopicName,
} from '#proto';
import type { Membership, OutputRecord, Queue, QueueRecord } from '#queue';
import { openEmbeddedQueue } from '#queue/embedded';

export const SPEC: ModelSpec = { name: 'softmax', kind: 'softmax', batch: 4, learningRate: 0.1 };
export const TARGET: TargetOptions = { horizonUs: 2e6, deadBandBps: 0.1, classes: 3, toleranceUs: 20e6 };

export interface Bench {
  readonly queue: Queue;
  readonly layout: TopicLayout;
  readonly directory: string;
  close(): Promise<void>;
}

/** A queue in a fresh directory, its topics made. */
export async function openBench(options: { inputs?: number; shards?: number } = {}): Promise<Bench> {
  const directory = mkdtempSync(join(tmpdir(), 'foretick-workers-'));
  const queue = await openEmbeddedQueue({ directory, backoff: { initialMs: 1, maxMs: 2 } });
  const layout = topicLayout({ prefix: 'test', inputs: options.inputs ?? 1, shards: options.shards ?? 1 });
  await queue.ensureTopics(layout.specs());
  return {
    queue,
    layout,
    directory,
    close: async () => {
      await queue.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const START = 1_742_860_800_000_000;

/** Quotes and trades of a few instruments, 100 ms apart, prices in waves; long enough to be warm and to learn. */
export function someTicks(count: number, instruments: readonly string[] = ['x:A', 'x:B']): TickRow[] {
  return Array.from({ length: count }, (_, i): TickRow => {
    const eventTime = START + i * 100_000;
    const base = { instrument: instruments[i % instruments.length]!, eventTime, receiptTime: eventTime + 2_000, sequence: i };
    const level = 100 + Math.sin(i / 9) + 0.3 * Math.sin(i * 1.7);
    if (i % 5 === 4) return { ...base, kind: 1, price: level, size: 1 + (i % 3), side: i % 2 === 0 ? 1 : -1 };
    return { ...base, kind: 0, bid: level - 0.01, ask: level + 0.01, bidSize: 1 + (i % 7), askSize: 2 };
  });
}

/** Arrow records of `size` rows, each partition its own, and at the end watermarks in every partition of both logs. */
export function tickRecords(layout: TopicLayout, rows: readonly TickRow[], size = 10): OutputRecord[] {
  const records: OutputRecord[] = [];
  for (let partition = 0; partition < layout.inputs; partition++) {
    const own = rows.filter(({ instrument }) => partitionOf(instrument, layout.inputs) === partition);
    for (let from = 0; from < own.length; from += size) {
      const value = encodeTicksArrow(ticksOf('test', own.slice(from, from + size)), null);
      records.push({ topic: layout.name('quotes'), partition, value, headers: headersOf(CONTENT_ARROW, SCHEMA.tick) });
    }
  }
  return [...records, ...watermarks(layout, Math.max(...rows.map(({ receiptTime }) => receiptTime)) + 1)];
}

export function watermarks(layout: TopicLayout, time: number): OutputRecord[] {
  return Array.from({ length: layout.inputs }, (_, partition): OutputRecord[] => [
    { topic: layout.name('quotes'), partition, value: watermarkJson('test', time), headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
    { topic: layout.name('posts'), partition, value: watermarkJson('test', time), headers: headersOf(CONTENT_JSON, SCHEMA.post) },
  ]).flat();
}

export async function feed(bench: Pick<Bench, 'queue'>, records: readonly OutputRecord[]): Promise<void> {
  const producer = await bench.queue.producer();
  await producer.send(records);
  await producer.close();
}

export interface WorkerSettings {
  readonly checkpointRows?: number;
  readonly batchRows?: number;
  readonly onFailure?: (error: unknown) => void;
  readonly onRetry?: () => void;
  readonly checkpointIntervalMs?: number;
  readonly commitIntervalMs?: number;
  readonly observer?: WorkerObserver;
}

const failHard = (error: unknown): void => {
  throw error;
};

export const startFeatures = (queue: Queue, layout: TopicLayout, settings: WorkerSettings = {}): Promise<Membership> =>
  startFeatureWorker({
    queue,
    layout,
    set: defaultFeatures,
    batchRows: settings.batchRows ?? 16,
    checkpointRows: settings.checkpointRows ?? 40,
    ...(settings.checkpointIntervalMs !== undefined && { checkpointIntervalMs: settings.checkpointIntervalMs }),
    ...(settings.commitIntervalMs !== undefined && { commitIntervalMs: settings.commitIntervalMs }),
    observer: () => settings.observer ?? silentObserver,
    onFailure: settings.onFailure ?? failHard,
    ...(settings.onRetry && { onRetry: settings.onRetry }),
  });

export const startTraining = (queue: Queue, layout: TopicLayout, settings: WorkerSettings = {}): Promise<Membership> =>
  startTrainingWorker({
    queue,
    layout,
    spec: SPEC,
    featureSet: defaultFeatures.id,
    featureNames: defaultFeatures.names,
    target: TARGET,
    evaluateEvery: 20,
    checkpointRows: settings.checkpointRows ?? 40,
    ...(settings.checkpointIntervalMs !== undefined && { checkpointIntervalMs: settings.checkpointIntervalMs }),
    ...(settings.commitIntervalMs !== undefined && { commitIntervalMs: settings.commitIntervalMs }),
    observer: () => settings.observer ?? silentObserver,
    onFailure: settings.onFailure ?? failHard,
    ...(settings.onRetry && { onRetry: settings.onRetry }),
  });

/** Resolves when the group has committed the ends of its input. */
export async function caughtUp(queue: Queue, group: string, topic: string): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    const committed = await queue.committed(group, topic);
    const ends = await queue.offsets(topic);
    if (ends.every(({ partition, end }) => end === 0 || committed.get(partition) === end)) return;
    await sleep(5);
  }
  throw new Error(`${group} does not reach the end of ${topic}`);
}

export const featuresDone = async ({ queue, layout }: Pick<Bench, 'queue' | 'layout'>): Promise<void> => {
  await caughtUp(queue, groupNames.features(layout), layout.name('quotes'));
  await caughtUp(queue, groupNames.features(layout), layout.name('posts'));
};
export const trainingDone = ({ queue, layout }: Pick<Bench, 'queue' | 'layout'>): Promise<void> =>
  caughtUp(queue, groupNames.training(layout, SPEC.name), layout.name('features'));

/** Works through what is there, from start to an orderly leave. */
export async function runFeatures(bench: Bench, settings?: WorkerSettings): Promise<void> {
  const member = await startFeatures(bench.queue, bench.layout, settings);
  await featuresDone(bench);
  await member.leave();
}
export async function runTraining(bench: Bench, settings?: WorkerSettings): Promise<void> {
  const member = await startTraining(bench.queue, bench.layout, settings);
  await trainingDone(bench);
  await member.leave();
}

/** Runs until a snapshot stands at the end of the log: committed rows are worked through again in silence until then. */
export async function finishTraining(bench: Bench): Promise<void> {
  const member = await startTraining(bench.queue, bench.layout, { checkpointRows: 1 });
  const [end] = await bench.queue.offsets(bench.layout.name('features'));
  for (let i = 0; i < 2000; i++) {
    const newest = (await readTopic(bench, 'models')).filter(({ key, value }) => value && Buffer.from(key!).toString().endsWith('manifest')).at(-1);
    if (newest && (JSON.parse(Buffer.from(newest.value!).toString()) as { offset: number }).offset === end!.end) break;
    await sleep(5);
  }
  await member.leave();
}

export async function readTopic({ queue, layout }: Pick<Bench, 'queue' | 'layout'>, name: TopicName): Promise<QueueRecord[]> {
  const records: QueueRecord[] = [];
  for await (const batch of queue.read({ topic: layout.name(name), from: 'earliest', toEnd: true })) records.push(...batch.records);
  return records;
}

export interface FeatureRow {
  readonly task: string;
  readonly ordinal: number;
  readonly instrument: string;
  readonly values: readonly (readonly number[])[];
}

/** Every row of the features log, in its order. */
export async function featureRows(bench: Pick<Bench, 'queue' | 'layout'>): Promise<FeatureRow[]> {
  return (await readTopic(bench, 'features')).flatMap((record) => {
    const rows = decodeFeatures(record);
    const width = rows.names.length;
    return Array.from({ length: rows.length }, (_, i) => ({
      task: rows.task,
      ordinal: rows.ordinal + i,
      instrument: rows.instruments[rows.instrument[i]!]!,
      values: [
        [rows.eventTime[i]!, rows.receiptTime[i]!, rows.price[i]!, rows.bid[i]!, rows.ask[i]!, rows.warm[i]!],
        Array.from(rows.values.subarray(i * width, (i + 1) * width)),
      ],
    }));
  });
}

/** Everything a training worker wrote, but for offsets and how records were cut. */
export async function trainingLog(bench: Pick<Bench, 'queue' | 'layout'>): Promise<{ predictions: object[]; outcomes: object[]; evaluations: string[]; weights: string }> {
  const predictions = (await readTopic(bench, 'predictions')).flatMap(decodePredictions);
  const outcomes = (await readTopic(bench, 'outcomes')).flatMap(decodeOutcomes);
  const evaluations = (await readTopic(bench, 'evaluations')).map(({ value }) => Buffer.from(value!).toString());
  const manifests = (await readTopic(bench, 'models')).filter(({ key, value }) => value && Buffer.from(key!).toString().endsWith('manifest'));
  const newest = manifests.at(-1);
  const weights = newest ? (JSON.parse(Buffer.from(newest.value!).toString()) as { weightsSha256: string }).weightsSha256 : 'none';
  return { predictions, outcomes, evaluations, weights };
}
