/**
 * The drained migration: the input logs under another prefix, with another count of partitions or shards.
 *
 * In this order: nothing is left to read; the new topics are empty; they are created; inputs, cursors and decisions are
 * copied; nobody wrote meanwhile. Features and models are not copied: workers on the new prefix make them from the inputs.
 */
import { cursorRecord, reshared, subscriptionPartition } from '#collectors';
import { Cursor, decodeJson, fail, partitionOf, type TopicLayout, type TopicName, type TopicSpec } from '#proto';
import type { OutputRecord, Producer, Queue } from '#queue';
import { groupLags, type ExpectedGroups, type PartitionLag } from '#serving';

import { mergedRows, type Input } from './merge-logs.ts';
import { Repartition } from './repartition.ts';

export interface MigrateOptions {
  readonly from: TopicLayout;
  /** Of another prefix. */
  readonly to: TopicLayout;
  readonly specs: readonly TopicSpec[];
  /** Groups of `from` that must have read everything. */
  readonly groups: ExpectedGroups;
  readonly maxLatenessUs: number;
  /** Copy though workers have not read everything. What they did not make of it, they make under the new prefix. @default false */
  readonly force?: boolean;
  /** Check only. @default false */
  readonly dryRun?: boolean;
  readonly onProgress?: (topic: TopicName, records: number) => void;
}

export interface MigratedTopic {
  readonly topic: TopicName;
  readonly from: string;
  readonly to: string;
  readonly partitions: number;
  /** Ticks or posts, without watermarks; records of the other topics. */
  readonly rows: number;
}

const INPUTS: readonly Input[] = ['quotes', 'posts'];
/** Where sources go on, and what people and policies have decided. What depends on the count of partitions is made anew. */
const AS_THEY_ARE: readonly TopicName[] = ['cursors', 'subscriptions', 'aliases', 'promotions'];
/** Records of one `send`. */
const SEND_RECORDS = 512;

/** TOPIC_MISMATCH when the new topics are not empty, NOT_DRAINED with lags, or when somebody wrote meanwhile: then begin again under a third prefix. */
export async function migrate(queue: Queue, options: MigrateOptions): Promise<MigratedTopic[]> {
  const { from, to, specs, groups, force = false, dryRun = false } = options;
  if (from.prefix === to.prefix) throw fail('CONFIG_INVALID', `records move to a new prefix; ${from.prefix} is the one they have`);
  const existing = new Set((await queue.topics()).map(({ name }) => name));
  const missing = INPUTS.find((topic) => !existing.has(from.name(topic)));
  if (missing !== undefined) throw fail('UNKNOWN_TOPIC', `there is no ${from.name(missing)}: nothing to migrate under the prefix ${from.prefix}`);
  if (!force) assertDrained(await groupLags(queue, from, groups));
  await assertEmpty(queue, specs.filter(({ name }) => existing.has(name)).map(({ name }) => name));
  const copied = [...INPUTS, ...AS_THEY_ARE].filter((topic) => existing.has(from.name(topic)));
  const before = await ends(queue, from, copied);
  if (dryRun) return copied.map((topic) => ({ topic, from: from.name(topic), to: to.name(topic), partitions: partitionsOf(specs, to, topic), rows: 0 }));

  await queue.ensureTopics(specs);
  const producer = await queue.producer();
  const migrated: MigratedTopic[] = [];
  try {
    for (const topic of copied) {
      const partitions = partitionsOf(specs, to, topic);
      const rows = isInput(topic) ? await copyInput(queue, producer, options, topic, partitions) : await copyAsIs(queue, producer, from, to, topic, partitions);
      migrated.push({ topic, from: from.name(topic), to: to.name(topic), partitions, rows });
    }
  } finally {
    await producer.close();
  }
  const after = await ends(queue, from, copied);
  const moved = [...before].find(([place, end]) => after.get(place) !== end);
  if (moved) throw fail('NOT_DRAINED', `${moved[0]} grew while it was copied: what is under ${to.prefix} may lack records; stop the producers and migrate to yet another prefix`);
  return migrated;
}

function isInput(topic: TopicName): topic is Input {
  return topic === 'quotes' || topic === 'posts';
}

function partitionsOf(specs: readonly TopicSpec[], to: TopicLayout, topic: TopicName): number {
  return specs.find(({ name }) => name === to.name(topic))!.partitions;
}

async function copyInput(queue: Queue, producer: Producer, { from, to, maxLatenessUs, onProgress }: MigrateOptions, topic: Input, partitions: number): Promise<number> {
  const repartition = new Repartition(to.name(topic), partitions);
  let waiting: OutputRecord[] = [];
  for await (const row of mergedRows({ queue, topic: from.name(topic), input: topic, maxLatenessUs })) {
    repartition.add(row);
    waiting.push(...repartition.take());
    if (waiting.length < SEND_RECORDS) continue;
    await producer.send(waiting);
    waiting = [];
    onProgress?.(topic, repartition.rows);
  }
  await sendAll(producer, [...waiting, ...repartition.end()]);
  return repartition.rows;
}

async function copyAsIs(queue: Queue, producer: Producer, from: TopicLayout, to: TopicLayout, topic: TopicName, partitions: number): Promise<number> {
  const text = new TextDecoder();
  const placeOf = (key: Uint8Array): number => (topic === 'subscriptions' ? subscriptionPartition(text.decode(key), partitions) : partitionOf(key, partitions));
  const shares = new Map<string, Cursor>();
  let rows = 0;
  for await (const { records } of queue.read({ topic: from.name(topic), from: 'earliest', toEnd: true })) {
    const outputs: OutputRecord[] = [];
    for (const { key, value, headers, timestamp } of records) {
      const name = key === null ? '' : text.decode(key);
      if (topic === 'cursors' && value !== null && /^[^/]+\/#\d+$/.test(name)) shares.set(name, decodeJson(value, Cursor));
      else outputs.push({ topic: to.name(topic), partition: key === null ? 0 : placeOf(key), key, value, headers, timestamp });
    }
    await sendAll(producer, outputs);
    rows += records.length;
  }
  await sendAll(producer, reshared(shares.values(), to.inputs).map((cursor) => cursorRecord(to, cursor)));
  return rows;
}

async function sendAll(producer: Producer, records: readonly OutputRecord[]): Promise<void> {
  for (let at = 0; at < records.length; at += SEND_RECORDS) await producer.send(records.slice(at, at + SEND_RECORDS));
}

function assertDrained(lags: readonly PartitionLag[]): void {
  const behind = lags.filter(({ records }) => records > 0);
  if (behind.length === 0) return;
  const shown = behind.slice(0, 5).map(({ group, topic, partition, records }) => `${group} on ${topic}/${partition}: ${records}`);
  throw fail('NOT_DRAINED', `records are left to read: ${shown.join('; ')}${behind.length > 5 ? `; and ${behind.length - 5} more partitions` : ''}`);
}

async function assertEmpty(queue: Queue, topics: readonly string[]): Promise<void> {
  for (const topic of topics) {
    const used = (await queue.offsets(topic)).find(({ end }) => end > 0);
    if (used) throw fail('TOPIC_MISMATCH', `${topic} holds records already: choose a prefix that is not in use`);
  }
}

async function ends(queue: Queue, layout: TopicLayout, topics: readonly TopicName[]): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const topic of topics) {
    for (const { partition, end } of await queue.offsets(layout.name(topic))) found.set(`${layout.name(topic)}/${partition}`, end);
  }
  return found;
}
