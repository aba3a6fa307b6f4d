/** Feature rows as they stand in their topic. */
import { decodeFeatures, type TopicLayout } from '#proto';
import type { Queue } from '#queue';

/** Rows of each instrument, in order, a line each, without what depends on other instruments. A row that stands twice in the log counts once. */
export async function rowsByInstrument(queue: Queue, layout: TopicLayout): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  /** By task: the ordinal that comes next. */
  const next = new Map<string, number>();
  for await (const { records } of queue.read({ topic: layout.name('features'), from: 'earliest', toEnd: true })) {
    for (const record of records) {
      const { length, task, ordinal, instrument, instruments, eventTime, price, warm, values, names } = decodeFeatures(record);
      for (let i = Math.max(0, (next.get(task) ?? 0) - ordinal); i < length; i++) {
        const line = [eventTime[i], price[i], warm[i], ...values.subarray(i * names.length, (i + 1) * names.length)].join();
        const of = instruments[instrument[i]!]!;
        const own = found.get(of);
        if (own) own.push(line);
        else found.set(of, [line]);
      }
      next.set(task, Math.max(next.get(task) ?? 0, ordinal + length));
    }
  }
  return found;
}
