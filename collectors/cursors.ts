/** How far sources got, as committed in `cursors`. */
import { Cursor, decodeJson, type TopicLayout } from '#proto';
import type { Queue } from '#queue';

import { cursorKey, shareName } from './publish.ts';

/** What the source committed last, or null. */
export async function readCursor(queue: Queue, layout: TopicLayout, source: string): Promise<Cursor | null> {
  return (await readKeys(queue, layout, new Set([source]))).get(source) ?? null;
}

/** What the source committed last of each of these instruments; those without are left out. One pass over the topic. */
export async function readCursors(queue: Queue, layout: TopicLayout, source: string, instruments: readonly string[]): Promise<ReadonlyMap<string, Cursor>> {
  const found = await readKeys(queue, layout, new Set(instruments.map((instrument) => cursorKey(source, instrument))));
  return new Map([...found.values()].map((cursor) => [cursor.instrument, cursor]));
}

/**
 * Cursors of shares, for another count of partitions: each is as far as the one of its source that was furthest behind, since instruments of all
 * of them may be in it.
 */
export function reshared(cursors: Iterable<Cursor>, inputs: number): Cursor[] {
  const furthestBehind = new Map<string, number>();
  for (const { source, receiptTimeUs } of cursors) furthestBehind.set(source, Math.min(furthestBehind.get(source) ?? Infinity, receiptTimeUs));
  return [...furthestBehind].flatMap(([source, receiptTimeUs]) => Array.from({ length: inputs }, (_, partition) => Cursor.fromPartial({ source, instrument: shareName(partition), receiptTimeUs })));
}

async function readKeys(queue: Queue, layout: TopicLayout, wanted: ReadonlySet<string>): Promise<Map<string, Cursor>> {
  const found = new Map<string, Cursor>();
  if (wanted.size === 0) return found;
  const text = new TextDecoder();
  for await (const { records } of queue.read({ topic: layout.name('cursors'), from: 'earliest', toEnd: true, settled: true })) {
    for (const record of records) {
      const key = record.key === null ? '' : text.decode(record.key);
      if (!wanted.has(key)) continue;
      if (record.value === null) found.delete(key);
      else found.set(key, decodeJson(record.value, Cursor));
    }
  }
  return found;
}
