/** Where readers without a group start, and how they tell a record that they have already seen. */
import type { Queue } from '#queue';

/** Start near the end: records appended within `ms`, and at least the newest `records` of each partition. */
export interface Recent {
  readonly ms: number;
  readonly records: number;
}

/** Offsets to read from, for each partition. */
export async function recentOffsets(
  queue: Queue,
  topic: string,
  recent: Recent,
  now: number,
  signal?: AbortSignal,
): Promise<Map<number, number>> {
  const starts = new Map<number, number>();
  for (const { partition, earliest, end } of await queue.offsets(topic)) {
    let start = Math.max(earliest, end - recent.records);
    if (start > earliest && recent.ms > 0) {
      const time = now - recent.ms;
      const probe = { topic, partitions: [partition], from: { time }, toEnd: true, maxBytes: 1, ...(signal && { signal }) };
      for await (const batch of queue.read(probe)) {
        start = Math.min(start, batch.records[0]?.offset ?? start);
        break;
      }
    }
    starts.set(partition, start);
  }
  return starts;
}

/**
 * Drops what was delivered twice. Outputs of one task grow in ordinal within a partition; a writer that sends
 * again after a failure goes back and repeats the same ones.
 */
export class OrdinalFilter {
  readonly #newest = new Map<string, number>();

  /** First of `count` consecutive ordinals that is new; `count` when all were seen. */
  fresh(partition: number, task: string, ordinal: number, count: number): number {
    const key = `${partition}/${task}`;
    const newest = this.#newest.get(key) ?? -1;
    const skip = Math.min(count, Math.max(0, newest + 1 - ordinal));
    if (skip < count) this.#newest.set(key, ordinal + count - 1);
    return skip;
  }

  isNew(partition: number, task: string, ordinal: number): boolean {
    return this.fresh(partition, task, ordinal, 1) === 0;
  }
}
