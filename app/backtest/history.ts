/**
 * The recorded history of a data directory as the input of another run: records of `quotes` and `posts` as they stand,
 * cut to a span of receipt time, then one closing watermark behind all of them, so that nothing waits for a log that is over.
 *
 * How far it got is kept in `cursors` and appended with what it covers, so that a stopped run goes on where it was. Ends are
 * those of the first start: what the source directory gains meanwhile is not part of the run.
 */
import {
  CONTENT_ARROW,
  CONTENT_JSON,
  Cursor,
  SCHEMA,
  TickKind,
  decodePost,
  decodeTicks,
  encodeTicksArrow,
  fail,
  headersOf,
  identityOf,
  watermarkJson,
  type TopicLayout,
} from '#proto';
import { readCursor } from '#collectors';
import type { OutputRecord, PartitionOffsets, Queue, QueueRecord } from '#queue';
import type { QueueReader } from '#queue/embedded';

/** Receipt times, microseconds: from the first, included, to the second, not included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What was replayed; times are 0 as long as nothing was. */
export interface Replayed {
  readonly records: number;
  readonly fromUs: number;
  readonly toUs: number;
}

/** How far it got. */
export interface HistoryPosition extends Replayed {
  readonly finished: boolean;
}

interface Position extends HistoryPosition {
  /** By topic and partition, `quotes/0`: next offset, and where to end. */
  readonly logs: Record<string, { next: number; end: number }>;
}

const SOURCE = 'history';
const TOPICS = ['quotes', 'posts'] as const;
type HistoryTopic = (typeof TOPICS)[number];

export interface HistoryOptions {
  readonly from: QueueReader;
  readonly into: Queue;
  readonly layout: TopicLayout;
  readonly span: Span;
  readonly signal: AbortSignal;
}

/** TOPIC_MISMATCH when the source is partitioned otherwise; UNKNOWN_TOPIC when it is of another prefix. Resolves at the end, or soon after the signal aborts. */
export async function copyHistory({ from, into, layout, span, signal }: HistoryOptions): Promise<void> {
  let position = (await readPosition<Position>(into, layout)) ?? (await firstPosition(from, layout));
  if (position.finished) return;
  const producer = await into.producer();
  try {
    for (const topic of TOPICS) {
      for (let partition = 0; partition < layout.inputs; partition++) {
        const log = position.logs[`${topic}/${partition}`]!;
        if (log.next >= log.end) continue;
        const range = { topic: layout.name(topic), partitions: [partition], from: { offsets: new Map([[partition, log.next]]) }, toEnd: true, signal };
        for await (const { records, nextOffset } of from.read(range)) {
          const kept = records.filter(({ offset }) => offset < log.end).flatMap((record) => within(topic, record, span));
          position = advanced(position, `${topic}/${partition}`, Math.min(nextOffset, log.end), kept);
          await producer.send([...kept.map(({ output }) => output), positionRecord(layout, position)]);
          if (signal.aborted) return;
          if (nextOffset >= log.end) break;
        }
        if (signal.aborted) return;
      }
    }
    position = { ...position, finished: true };
    await producer.send([...closing(layout, position.toUs + 1), positionRecord(layout, position)]);
  } finally {
    await producer.close();
  }
}

/** What a run has replayed so far. */
export async function readReplayed(queue: Queue, layout: TopicLayout): Promise<Replayed> {
  const { records, fromUs, toUs } = (await readPosition<HistoryPosition>(queue, layout)) ?? { records: 0, fromUs: 0, toUs: 0 };
  return { records, fromUs, toUs };
}

export async function readPosition<P extends HistoryPosition>(queue: Queue, layout: TopicLayout): Promise<P | null> {
  const cursor = await readCursor(queue, layout, SOURCE);
  return cursor ? (JSON.parse(cursor.position) as P) : null;
}

async function firstPosition(from: QueueReader, layout: TopicLayout): Promise<Position> {
  const logs: Position['logs'] = {};
  for (const topic of TOPICS) {
    const offsets: PartitionOffsets[] = await from.offsets(layout.name(topic));
    if (offsets.length !== layout.inputs) {
      throw fail('TOPIC_MISMATCH', `${topic} was recorded in ${offsets.length} partitions; topics.partitions is ${layout.inputs}`);
    }
    for (const { partition, earliest, end } of offsets) logs[`${topic}/${partition}`] = { next: earliest, end };
  }
  return { logs, records: 0, fromUs: 0, toUs: 0, finished: false };
}

interface Kept {
  readonly output: OutputRecord;
  /** Receipt times of what is in it; null: it cannot be read. */
  readonly times: { readonly first: number; readonly last: number } | null;
}

function advanced(position: Position, log: string, next: number, kept: readonly Kept[]): Position {
  const times = kept.flatMap(({ times: own }) => (own ? [own] : []));
  const first = Math.min(position.fromUs || Infinity, ...times.map((time) => time.first));
  return {
    ...position,
    logs: { ...position.logs, [log]: { ...position.logs[log]!, next } },
    records: position.records + kept.length,
    fromUs: Number.isFinite(first) ? first : 0,
    toUs: Math.max(position.toUs, ...times.map((time) => time.last)),
  };
}

/** The record, the part of it that lies within the span, or nothing. What cannot be read stays: it is a dead letter again. */
function within(topic: HistoryTopic, record: QueueRecord, span: Span): Kept[] {
  const { key, value, headers, timestamp, partition } = record;
  const output = { topic: record.topic, partition, key, value, headers, timestamp };
  if (value === null) return [];
  try {
    if (topic === 'posts') {
      const { receiptTimeUs: time } = decodePost(record);
      return inside(time, span) ? [{ output, times: timesOf([time]) }] : [];
    }
    const ticks = decodeTicks(record);
    const times = Array.from(ticks.receiptTime.subarray(0, ticks.length));
    const rows = times.flatMap((time, row) => (inside(time, span) ? [row] : []));
    if (rows.length === 0) return [];
    const own = timesOf(rows.map((row) => times[row]!));
    if (rows.length === ticks.length || ticks.kind[0] === TickKind.WATERMARK) return [{ output, times: own }];
    const identity = identityOf(headers);
    // Rows of one record are consecutive, or their names would be wrong.
    return runsOf(rows).map((run) => ({
      output: {
        ...output,
        value: encodeTicksArrow(ticks, Int32Array.from(run)),
        headers: { ...headers, ...headersOf(CONTENT_ARROW, SCHEMA.tick), ...(identity && { ordinal: String(identity.ordinal + run[0]!) }) },
      },
      times: timesOf(run.map((row) => times[row]!)),
    }));
  } catch {
    return [{ output, times: null }];
  }
}

/** Rows in ascending order, cut where one is missing. */
function runsOf(rows: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run?.at(-1) === row - 1) run.push(row);
    else runs.push([row]);
  }
  return runs;
}

const inside = (time: number, { from, to }: Span): boolean => !(time < from) && !(time >= to);

/** Times that are none do not count. */
function timesOf(times: readonly number[]): Kept['times'] {
  const sound = times.filter((time) => time > 0 && time < Number.MAX_SAFE_INTEGER - 1);
  if (sound.length === 0) return null;
  return sound.reduce((span, time) => ({ first: Math.min(span.first, time), last: Math.max(span.last, time) }), { first: sound[0]!, last: sound[0]! });
}

/** Watermarks behind all of it. */
export function closing(layout: TopicLayout, time: number): OutputRecord[] {
  const value = watermarkJson(SOURCE, time);
  const partitions = Array.from({ length: layout.inputs }, (_, partition) => partition);
  return partitions.flatMap((partition) => [
    { topic: layout.name('quotes'), partition, value, headers: headersOf(CONTENT_JSON, SCHEMA.tick) },
    { topic: layout.name('posts'), partition, value, headers: headersOf(CONTENT_JSON, SCHEMA.post) },
  ]);
}

export function positionRecord(layout: TopicLayout, position: HistoryPosition): OutputRecord {
  const cursor = Cursor.fromPartial({ source: SOURCE, position: JSON.stringify(position), published: position.records, finished: position.finished });
  const value = JSON.stringify(Cursor.toJSON(cursor));
  return { topic: layout.name('cursors'), partition: 0, key: SOURCE, value, headers: headersOf(CONTENT_JSON, SCHEMA.cursor) };
}
