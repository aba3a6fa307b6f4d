/**
 * The rows of several partitions as one sequence, by recorded receipt time, as workers see time: within a partition a row
 * counts as received no earlier than any row before it, and a repeat is dropped. Between partitions the earlier receipt goes first, then the lower number.
 */
import { SeenRows, postInput, tickInput, type FeatureInput } from '#processing';
import type { Queue } from '#queue';

export type Input = 'quotes' | 'posts';

export interface MergedRow {
  readonly value: FeatureInput;
  readonly row: number;
  /** Newest receipt time of its partition, microseconds. No row that follows was received earlier. */
  readonly clock: number;
  readonly mark: boolean;
}

/** Bytes read at once of each partition. */
const READ_BYTES = 1024 * 1024;

export interface MergeOptions {
  readonly queue: Pick<Queue, 'offsets' | 'read'>;
  readonly topic: string;
  readonly input: Input;
  readonly maxLatenessUs: number;
  /** By partition: the offset to end before. @default where each ends now */
  readonly ends?: ReadonlyMap<number, number>;
}

export async function* mergedRows(options: MergeOptions): AsyncGenerator<MergedRow, void, undefined> {
  const partitions = (await options.queue.offsets(options.topic)).map(({ partition }) => partition);
  const logs = partitions.map((partition) => rowsOf(options, partition)[Symbol.asyncIterator]());
  const heads = await Promise.all(logs.map((log) => log.next()));
  for (;;) {
    let first = -1;
    heads.forEach((head, log) => {
      if (head.done === true) return;
      const best = heads[first];
      if (best === undefined || best.done === true || head.value.clock < best.value.clock) first = log;
    });
    const head = heads[first];
    if (head === undefined || head.done === true) return;
    yield head.value;
    heads[first] = await logs[first]!.next();
  }
}

async function* rowsOf({ queue, topic, input, maxLatenessUs, ends }: MergeOptions, partition: number): AsyncGenerator<MergedRow, void, undefined> {
  const end = ends?.get(partition) ?? Infinity;
  let clock = 0;
  const seen = new SeenRows();
  for await (const { records } of queue.read({ topic, partitions: [partition], from: 'earliest', toEnd: true, maxBytes: READ_BYTES })) {
    for (const record of records) {
      if (record.offset >= end) return;
      const { rows, time, mark, value } = input === 'quotes' ? tickInput(record, maxLatenessUs) : postInput(record);
      for (let row = 0; row < rows; row++) {
        clock = Math.max(clock, time(row));
        const isMark = mark?.(row) ?? false;
        if (isMark || !repeated(seen, value, row)) yield { value, row, clock, mark: isMark };
      }
    }
  }
}

function repeated(seen: SeenRows, value: FeatureInput, row: number): boolean {
  if (value.kind === 'bad' || value.identity === null) return false;
  const counter = seen.counterOf(value.record.topic, value.identity.task);
  const ordinal = value.identity.ordinal + row;
  if (ordinal < counter.next) return true;
  counter.next = ordinal + 1;
  return false;
}
