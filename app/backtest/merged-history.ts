/**
 * History that was recorded in several partitions as the input of another run, in as many as it has shards: rows in the order in which they were
 * received, over all partitions. Partition after partition would let models learn from the end of one before they predict the beginning of
 * another.
 *
 * The order depends on the logs alone, so a run that was stopped goes on behind the rows it has taken. Ends are those of the first start.
 */
import type { Producer } from '#queue';

import { mergedRows, type MergedRow } from '../topics/merge-logs.ts';
import { Repartition } from '../topics/repartition.ts';
import { closing, positionRecord, readPosition, type HistoryOptions, type HistoryPosition, type Span } from './history.ts';

const TOPICS = ['quotes', 'posts'] as const;
type HistoryTopic = (typeof TOPICS)[number];

interface Position extends HistoryPosition {
  /** By topic: the end of each partition, and how many rows of the merged order are dealt with. */
  readonly logs: Record<HistoryTopic, { readonly ends: readonly number[]; readonly taken: number }>;
}

/** Rows between two sends. */
const CHUNK_ROWS = 8192;

export interface MergedHistoryOptions extends HistoryOptions {
  /** A tick received later than this after it happened moves no clock: see `tickInput`. */
  readonly maxLatenessUs: number;
}

/** UNKNOWN_TOPIC when the source is of another prefix. Resolves at the end, or soon after the signal aborts. */
export async function copyMergedHistory(options: MergedHistoryOptions): Promise<void> {
  const { into, layout, signal } = options;
  let position = (await readPosition<Position>(into, layout)) ?? (await firstPosition(options));
  if (position.finished) return;
  const producer = await into.producer();
  try {
    for (const topic of TOPICS) {
      position = await copyTopic(options, topic, position, producer);
      if (signal.aborted) return;
    }
    position = { ...position, finished: true };
    await producer.send([...closing(layout, position.toUs + 1), positionRecord(layout, position)]);
  } finally {
    await producer.close();
  }
}

async function copyTopic({ from, layout, span, signal, maxLatenessUs }: MergedHistoryOptions, topic: HistoryTopic, begun: Position, producer: Producer): Promise<Position> {
  const { ends, taken } = begun.logs[topic];
  const name = layout.name(topic);
  let position = begun;
  let repartition = new Repartition(name, layout.inputs);
  let rows = 0;
  let [first, last] = [Infinity, 0];
  const flush = async (): Promise<void> => {
    const outputs = repartition.end();
    position = {
      ...position,
      logs: { ...position.logs, [topic]: { ends, taken: rows } },
      records: position.records + outputs.length,
      fromUs: Number.isFinite(first) ? Math.min(position.fromUs || Infinity, first) : position.fromUs,
      toUs: Math.max(position.toUs, last),
    };
    await producer.send([...outputs, positionRecord(layout, position)]);
    repartition = new Repartition(name, layout.inputs);
    [first, last] = [Infinity, 0];
  };
  for await (const merged of mergedRows({ queue: from, topic: name, input: topic, maxLatenessUs, ends: new Map(ends.map((end, partition) => [partition, end])) })) {
    rows += 1;
    if (rows <= taken) continue;
    const time = receiptOf(merged);
    if (time === null || inside(time, span)) {
      repartition.add(merged);
      if (time !== null) [first, last] = [Math.min(first, time), Math.max(last, time)];
    }
    if (rows % CHUNK_ROWS !== 0) continue;
    await flush();
    if (signal.aborted) return position;
  }
  if (!signal.aborted) await flush();
  return position;
}

/** Null of what cannot be read, and of times that are none: it stays, and is a dead letter again. */
function receiptOf({ value, row, clock, mark }: MergedRow): number | null {
  if (mark) return clock;
  const time = value.kind === 'ticks' ? value.ticks.receiptTime[row]! : value.kind === 'post' ? value.post.receiptTimeUs : 0;
  return time > 0 && time < Number.MAX_SAFE_INTEGER - 1 ? time : null;
}

const inside = (time: number, { from, to }: Span): boolean => time >= from && time < to;

async function firstPosition({ from, layout }: HistoryOptions): Promise<Position> {
  const endsOf = async (topic: HistoryTopic): Promise<number[]> => (await from.offsets(layout.name(topic))).map(({ end }) => end);
  return { logs: { quotes: { ends: await endsOf('quotes'), taken: 0 }, posts: { ends: await endsOf('posts'), taken: 0 } }, records: 0, fromUs: 0, toUs: 0, finished: false };
}
