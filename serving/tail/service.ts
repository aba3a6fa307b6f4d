/** Reads any topic for a person: its newest rows, or from a place on, and on as they come. Rows that were sent again are left out. */
import { TOPICS, fail, type TopicLayout, type TopicName } from '#proto';
import type { Queue, QueueRecord, StartPosition } from '#queue';

import { describeRows, type DescribedRow } from './describe.ts';
import { RepeatFilter } from './repeats.ts';

export interface TailRequest {
  /** Short name, `quotes`, or full name. */
  readonly topic: string;
  /** Where to begin; left out: so that the newest `limit` rows are shown first. Milliseconds for a time. */
  readonly from: 'earliest' | 'latest' | { readonly time: number } | undefined;
  /** Most rows; with `follow` and no `from`, those shown before following. */
  readonly limit: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
}

/** Bytes of records held while looking for the newest rows. */
const MOST_BYTES = 32 * 1024 * 1024;

/** UNKNOWN_TOPIC lists the names. */
export function topicOf(layout: TopicLayout, name: string): { short: TopicName; full: string } {
  for (const short of Object.keys(TOPICS) as TopicName[]) {
    const full = layout.name(short);
    if (name === short || name === full) return { short, full };
  }
  throw fail('UNKNOWN_TOPIC', `no topic is called ${JSON.stringify(name.slice(0, 200))}; there are ${Object.keys(TOPICS).join(', ')}`);
}

/** What is read of a queue. */
type Log = Pick<Queue, 'read' | 'offsets' | 'topics'>;

export async function* tail(queue: Log, layout: TopicLayout, request: TailRequest): AsyncGenerator<DescribedRow, void, undefined> {
  const { short, full } = topicOf(layout, request.topic);
  const { limit, follow, signal } = request;
  let from: StartPosition;
  let left = limit;
  const filter = new RepeatFilter();
  if (request.from === undefined) {
    const newest = await newestRows(queue, { short, full }, limit, signal);
    for (const row of newest.rows) filter.isNew(row); // It knows what is shown.
    yield* newest.rows;
    if (!follow) return;
    from = { offsets: newest.next };
    left = Infinity;
  } else {
    from = request.from;
  }
  for await (const batch of queue.read({ topic: full, from, toEnd: !follow, signal })) {
    for (const record of batch.records) {
      for (const row of describeRows(short, record)) {
        if (!filter.isNew(row)) continue;
        if (left-- <= 0 || signal.aborted) return;
        yield row;
      }
    }
  }
}

/** The newest `limit` rows over all partitions, oldest first, and the offsets behind them. */
async function newestRows(
  queue: Log,
  topic: { short: TopicName; full: string },
  limit: number,
  signal: AbortSignal,
): Promise<{ rows: DescribedRow[]; next: Map<number, number> }> {
  const offsets = await queue.offsets(topic.full);
  const starts = new Map(offsets.map(({ partition, earliest, end }) => [partition, Math.max(earliest, end - limit)]));
  const next = new Map(offsets.map(({ partition, end }) => [partition, end]));
  const records: QueueRecord[] = [];
  let bytes = 0;
  for await (const batch of queue.read({ topic: topic.full, from: { offsets: starts }, toEnd: true, signal })) {
    next.set(batch.partition, batch.nextOffset);
    for (const record of batch.records) {
      records.push(record);
      bytes += record.value?.length ?? 0;
    }
    while (bytes > MOST_BYTES && records.length > 1) bytes -= records.shift()!.value?.length ?? 0;
  }
  records.sort((a, b) => a.timestamp - b.timestamp || a.partition - b.partition || a.offset - b.offset);
  const filter = new RepeatFilter('backwards');
  const rows: DescribedRow[] = [];
  for (let i = records.length - 1; i >= 0 && rows.length < limit; i--) {
    rows.push(...describeRows(topic.short, records[i]!).reverse().filter((row) => filter.isNew(row)));
  }
  return { rows: rows.slice(0, limit).reverse(), next };
}
